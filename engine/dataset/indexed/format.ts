import type { DatasetPassport } from '../../protocol/passport.ts'

/** Megatron's indexed dataset: `.bin` holds the tokens end to end, `.idx` where each sequence and document lies. */
export const IDX_MAGIC = Buffer.from('MMIDIDX\0\0', 'latin1')
export const IDX_VERSION = 1
/** Magic, version (uint64), dtype code (uint8), sequences (uint64), length of the document index (uint64). */
export const IDX_HEADER_BYTES = 34

export const dtypes = {
  1: { name: 'uint8', bytes: 1 },
  2: { name: 'int8', bytes: 1 },
  3: { name: 'int16', bytes: 2 },
  4: { name: 'int32', bytes: 4 },
  5: { name: 'int64', bytes: 8 },
  6: { name: 'float64', bytes: 8 },
  7: { name: 'float32', bytes: 4 },
  8: { name: 'uint16', bytes: 2 },
} as const

export type DtypeCode = keyof typeof dtypes
export const INT32: DtypeCode = 4

export const isDtypeCode = (code: number): code is DtypeCode => Object.hasOwn(dtypes, code)

export const INSTRUCTION_KEYS = ['input_ids', 'attention_mask', 'labels'] as const
export type InstructionKey = (typeof INSTRUCTION_KEYS)[number]

/** Names of the pair of files of a key, without `.bin` or `.idx`; "packed" stands there whatever the samples are. */
export const packedStem = (prefix: string, key: string): string => `${prefix}_packed_${key}_document`
export const pretrainStem = (prefix: string, key: string): string => `${prefix}_${key}_document`
export const instructionStem = (prefix: string, key: InstructionKey): string => packedStem(prefix, key)

/** Whether the files of a key of a dataset hold ids, not labels or masks. Texts are kept under the names of their columns. */
export const holdsIds = (format: DatasetPassport['format'], key: string): boolean =>
  format === 'megatron-pretrain' || /(?:^|_)input_ids$/.test(key)

export const passportPath = (prefix: string): string => `${prefix}.awb-passport.json`
export const rejectedPath = (prefix: string): string => `${prefix}.rejected.jsonl`
