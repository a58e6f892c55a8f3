import type { Text } from '../text.ts'

export const jobErrors = {} as const satisfies Record<string, Text>
