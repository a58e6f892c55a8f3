import type { Text } from '../text.ts'

export const checkpointErrors = {} as const satisfies Record<string, Text>
