import type { Text } from '../text.ts'

export const datasetErrors = {} as const satisfies Record<string, Text>
