import { z } from 'zod'
import { joinCheckpoint, mergeMindsporeLora, splitCheckpoint, verifyCheckpoint } from './checkpoint-tasks.ts'
import { ConvertAlpacaSpec, MergeDatasetsSpec } from './dataset-merge-tasks.ts'
import { DeduplicateRowsSpec, SampleRowsSpec, SplitRowsSpec } from './dataset-operations-tasks.ts'
import { HubDownloadSpec } from './hub-tasks.ts'
import { Dtype } from './passport.ts'

/** Makes the tiny sample model: a Hugging Face checkpoint with seeded random weights. */
const createCheckpoint = z.object({
  /** Folder with `model.json` (shape and seed) and the tokenizer's files. */
  definition: z.string(),
  output: z.string(),
})

const megatronTarget = {
  tp: z.number().int().positive(),
  pp: z.number().int().positive(),
  /**
   * The vocabulary is padded to a multiple of this times TP. Without it a Megatron source keeps its padding where TP
   * divides it; for any other source it is 1.
   */
  vocabDivisor: z.number().int().positive().optional(),
  /** Virtual pipeline: layers per chunk. Not together with `layerList`. */
  layersPerVirtualStage: z.number().int().positive().optional(),
  /** Uneven stages: layers of each. */
  layerList: z.array(z.number().int().positive()).min(1).optional(),
}

/** Adapters in a Megatron checkpoint that are merged into the weights of `input`. */
export const LoraMerge = z.object({
  /** The checkpoint that fine-tuning wrote; its TP and PP are those of `input`. */
  checkpoint: z.string(),
  alpha: z.number().positive(),
  /** Without it, what the adapters have. */
  rank: z.number().int().positive().optional(),
  /** Module names of the source's layout; without them, all that have adapters. */
  targets: z.array(z.string()).min(1).optional(),
})
export type LoraMerge = z.infer<typeof LoraMerge>

/** Rewrites a checkpoint into another layout. The source's layout is found by inspection. */
const convertCheckpoint = z.object({
  input: z.string(),
  output: z.string(),
  target: z.discriminatedUnion('layout', [
    z.object({ layout: z.literal('hf') }),
    z.object({ layout: z.literal('mcore'), ...megatronTarget }),
    z.object({ layout: z.literal('legacy'), ...megatronTarget }),
    z.object({ layout: z.literal('mindspore') }),
  ]),
  /** Without it the source's dtype is kept. */
  dtype: Dtype.optional(),
  lora: LoraMerge.optional(),
  /** Threads that write; without it one for each core, at most four. */
  workers: z.number().int().positive().max(64).optional(),
  /** Strategy of `input` where it is ranks of MindSpore; without it, one that lies beside them. */
  strategy: z.string().optional(),
})

/** Columns of an alpaca row by role; an empty name switches a role off. */
export const AlpacaColumns = z.object({
  prompt: z.string().default('instruction'),
  query: z.string().default('input'),
  response: z.string().default('output'),
  history: z.string().default(''),
  system: z.string().default(''),
  /** Both answers of a pairwise row. */
  chosen: z.string().default('chosen'),
  rejected: z.string().default('rejected'),
})
export type AlpacaColumns = z.infer<typeof AlpacaColumns>

/** How the messages of a ShareGPT row name their parts; null is a tag that the data does not have. */
export const ShareGptTags = z.object({
  role: z.string().nullable().default('from'),
  content: z.string().nullable().default('value'),
  user: z.string().nullable().default('human'),
  assistant: z.string().nullable().default('gpt'),
  observation: z.string().nullable().default('observation'),
  function: z.string().nullable().default('function_call'),
  system: z.string().nullable().default('system'),
})
export type ShareGptTags = z.infer<typeof ShareGptTags>

/** Columns of a ShareGPT row by role; an empty name switches a role off. */
export const ShareGptColumns = z.object({
  messages: z.string().default('conversations'),
  system: z.string().default(''),
  tools: z.string().default(''),
  chosen: z.string().default('chosen'),
  rejected: z.string().default('rejected'),
  tags: ShareGptTags.default(ShareGptTags.parse({})),
})
export type ShareGptColumns = z.infer<typeof ShareGptColumns>

/** How rows become samples; `general` to `leetcode` are forms of older guides, `pretrain` takes texts as they are. */
export const DatasetHandler = z.enum([
  'alpaca',
  'sharegpt',
  'alpaca-pairwise',
  'sharegpt-pairwise',
  'general',
  'belle',
  'moss',
  'leetcode',
  'pretrain',
  'alpaca-pretrain',
])
export type DatasetHandler = z.infer<typeof DatasetHandler>

/** Conversation templates for training, as MindSpeed-LLM's `--prompt-type` names them. */
export const DatasetTemplate = z.enum([
  'llama2',
  'empty',
  'default',
  'alpaca',
  'mistral',
  'mixtral',
  'qwen',
  'chatml',
  'chatml_de',
  'llama3',
  'gemma',
  'deepseek2',
  'deepseek2-lite',
  'cpm',
  'baichuan2',
  'chatglm2',
  'chatglm3',
  'chatglm3_system',
  'glm4',
])
export type DatasetTemplate = z.infer<typeof DatasetTemplate>

export const PreprocessSpec = z.object({
  input: z.string(),
  outputPrefix: z.string(),
  handler: DatasetHandler,
  /** Without effect for handlers of other rows than alpaca and ShareGPT, pairwise or not. */
  template: DatasetTemplate,
  /** Writes samples in the chat template of the tokenizer instead. */
  chatTemplate: z.boolean().optional(),
  /** A folder with `tokenizer.json` or `tokenizer.model`, or one of these files. */
  tokenizer: z.string(),
  columns: AlpacaColumns.default(AlpacaColumns.parse({})),
  /** For the ShareGPT handlers. */
  sharegpt: ShareGptColumns.optional(),
  /** Columns of texts, for the handler `pretrain`; `text` without it. */
  jsonKeys: z.array(z.string().min(1)).min(1).optional(),
  /** Joins samples to sequences of exactly `seqLength`. */
  pack: z.boolean().optional(),
  /** Behaves as the slow tokenizer class does: `tokenizer.model` or `vocab.json` win over `tokenizer.json`. */
  slowTokenizer: z.boolean().optional(),
  /** The bytes of this version of MindSpeed-LLM, its defects included. */
  compat: z.literal('1.0.0').optional(),
  /** Samples of this many tokens or more are left out and counted. */
  seqLength: z.number().int().positive().optional(),
  appendEod: z.boolean().default(false),
  /** Packs each of that many parts of the rows by itself, as `--n-subs` of the original does. */
  packParts: z.number().int().positive().optional(),
  /** Takes that many rows from the start. */
  maxRows: z.number().int().positive().optional(),
  /** Older files of the same prefix give way when the new ones are complete; without it they are an error. */
  overwrite: z.boolean().optional(),
  /** Bad rows are an error instead of being counted and written aside. */
  strict: z.boolean().default(false),
  /** Threads that encode; without it all cores but one. The bytes are the same whatever their number. */
  workers: z.number().int().positive().max(256).optional(),
})
export type PreprocessSpec = z.infer<typeof PreprocessSpec>

/** Rows to MindRecord, as MindFormers' preprocessors of the families do it. */
export const MindRecordSpec = z.object({
  handler: z.enum(['wiki', 'qa', 'squad', 'chatml', 'telechat']),
  input: z.string(),
  /** The file; with several shards their numbers follow its name. */
  output: z.string(),
  /** `tokenizer.model`, or `vocab.json` for chatml (and wiki of Qwen1.5); or the folder of it. */
  tokenizer: z.string(),
  /** `merges.txt` beside such a vocabulary; without it the one beside the vocabulary. */
  merges: z.string().optional(),
  seqLength: z.number().int().positive(),
  shards: z.number().int().positive().max(1000).default(1),
  /** How often the text is taken (wiki). */
  repeat: z.number().int().positive().default(1),
  /** Decides the order of rows (telechat) and the shard of each. */
  seed: z.number().int().nonnegative().default(2024),
  /** What squad rows are for. */
  mode: z.enum(['train', 'eval']).default('train'),
  /** Names of TeleChat's special tokens; an empty start is none. */
  tokens: z
    .object({
      start: z.string().default('<_start>'),
      user: z.string().min(1).default('<_user>'),
      bot: z.string().min(1).default('<_bot>'),
      end: z.string().min(1).default('<_end>'),
      pad: z.string().min(1).default('<_pad>'),
    })
    .prefault({}),
  /** Bad rows are an error instead of being counted and written aside. */
  strict: z.boolean().default(false),
})
export type MindRecordSpec = z.infer<typeof MindRecordSpec>

export const LoraSpec = z.object({
  rank: z.number().int().positive(),
  alpha: z.number().positive(),
  targets: z.array(z.enum(['q', 'k', 'v', 'o', 'gate', 'up', 'down'])).min(1),
})

/** Fine-tuning on the reference runtime. Writes a checkpoint in the layout, TP and PP of the one it started from. */
const trainReference = z.object({
  checkpoint: z.string(),
  /** Prefix of an instruction dataset. */
  dataset: z.string(),
  output: z.string(),
  method: z.enum(['full', 'lora']),
  lora: LoraSpec.optional(),
  steps: z.number().int().positive(),
  /** Samples per step. */
  batchSize: z.number().int().positive(),
  seqLength: z.number().int().positive(),
  learningRate: z.number().positive(),
  minLearningRate: z.number().nonnegative().default(0),
  warmupSteps: z.number().int().nonnegative().default(0),
  weightDecay: z.number().nonnegative().default(0),
  beta1: z.number().min(0).max(1).default(0.9),
  beta2: z.number().min(0).max(1).default(0.95),
  epsilon: z.number().positive().default(1e-8),
  clipGrad: z.number().nonnegative().default(1),
  seed: z.number().int().nonnegative().default(1234),
  /** Steps between resume points; a job started again with the same output goes on from the last one. */
  saveInterval: z.number().int().positive().default(50),
})

/** Samples of generated text, one per prompt, on the reference runtime. */
const generateReference = z.object({
  checkpoint: z.string(),
  template: z.enum(['llama2', 'empty', 'default', 'alpaca']),
  prompts: z.array(z.string()).min(1),
  maxNewTokens: z.number().int().positive(),
  temperature: z.number().nonnegative(),
  topK: z.number().int().nonnegative(),
  topP: z.number().positive().max(1),
  seed: z.number().int().nonnegative().default(1234),
})

const perplexityReference = z.object({
  checkpoint: z.string(),
  dataset: z.string(),
  /** At most this many samples. */
  limit: z.number().int().positive().default(100),
})

/** Samples the NPUs of the host to its disk until it is stopped. Seconds between two samples. */
const recordNpus = z.object({ periodS: z.number().int().min(1).max(3600).default(60) })

/** Every task the engine does itself, with the schema of its spec. */
export const taskSpecs = {
  'checkpoint.create': createCheckpoint,
  'checkpoint.convert': convertCheckpoint,
  'checkpoint.verify': verifyCheckpoint,
  'checkpoint.split': splitCheckpoint,
  'checkpoint.merge': joinCheckpoint,
  'checkpoint.mergeLora': mergeMindsporeLora,
  'dataset.preprocess': PreprocessSpec,
  'dataset.mindrecord': MindRecordSpec,
  'dataset.conversations': ConvertAlpacaSpec,
  'dataset.merge': MergeDatasetsSpec,
  'dataset.sample': SampleRowsSpec,
  'dataset.split': SplitRowsSpec,
  'dataset.deduplicate': DeduplicateRowsSpec,
  'hub.download': HubDownloadSpec,
  'npus.record': recordNpus,
  'reference.train': trainReference,
  'reference.generate': generateReference,
  'reference.perplexity': perplexityReference,
} as const

export const TaskName = z.enum(Object.keys(taskSpecs) as [keyof typeof taskSpecs])
export type TaskName = keyof typeof taskSpecs
export type TaskSpec<N extends TaskName> = z.output<(typeof taskSpecs)[N]>
export type TaskSpecInput<N extends TaskName> = z.input<(typeof taskSpecs)[N]>
