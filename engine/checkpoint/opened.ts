import type { CheckpointLayout } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import type { AssembledSource } from './assemble.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'

/** What opening a checkpoint of some layout finds, before it is summarized. */
export interface OpenedParts {
  readonly layout: CheckpointLayout
  readonly tp: number
  readonly pp: number
  readonly vpp: number
  readonly source: AssembledSource
  readonly stored: readonly StoredTensor[]
  readonly problems: readonly Finding[]
  /** Folder with config.json and the tokenizer, if there are any. */
  readonly assets: string
}
