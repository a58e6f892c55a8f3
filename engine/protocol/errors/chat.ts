import type { Text } from '../text.ts'

export const chatErrors = {} as const satisfies Record<string, Text>
