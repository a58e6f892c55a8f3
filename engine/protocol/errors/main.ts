import type { Text } from '../text.ts'

export const mainErrors = {} as const satisfies Record<string, Text>
