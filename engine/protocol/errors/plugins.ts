import type { Text } from '../text.ts'

export const pluginErrors = {} as const satisfies Record<string, Text>
