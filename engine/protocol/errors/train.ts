import type { Text } from '../text.ts'

export const trainErrors = {} as const satisfies Record<string, Text>
