import type { CheckpointLayout } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import type { ArgsNamespace } from './megatron-args.ts'
import type { AssembledSource } from './sources/assembled.ts'

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
  readonly megatron?: MegatronParts
  /** Adapters that lie over the weights, by the canonical names of `lora/adapters.ts`. */
  readonly adapters?: AdapterParts
}

/** What only Megatron checkpoints know. */
export interface MegatronParts {
  readonly iteration: number
  /** Rows of the vocabulary without padding, as far as it is known, and as they are stored. */
  readonly trueVocab: number
  readonly storedVocab: number
  /** Arguments of the checkpoint that the adapters come from. */
  readonly loraArgs: ArgsNamespace | undefined
}

export interface AdapterParts {
  readonly source: AssembledSource
  readonly rank: number
  /** Modules that have adapters but are not to be merged. */
  readonly left: readonly string[]
  /** Modules asked for that have none. */
  readonly without: readonly string[]
  readonly problems: readonly Finding[]
}
