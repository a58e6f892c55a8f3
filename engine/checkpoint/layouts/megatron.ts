import { legacy } from './legacy.ts'
import { mcore } from './mcore.ts'

/** Both layouts of Megatron, told apart by the names in the shards; in both the head's first entry is the embedding. */
export const megatronLayouts = { mcore, legacy } as const
export type MegatronLayout = keyof typeof megatronLayouts
