/** Data panels that any family gets by calling these with what its guide uses. */
export { mergeDatasetsPanel } from './merge.ts'
export { mindRecordPanel } from './mindrecord.ts'
export type { MindRecordFamily, RecordKind } from './mindrecord-form.ts'
export { preprocessPanel } from './preprocess.ts'
export type { PreprocessFamily } from './preprocess-form.ts'
export { rowsPanel } from './rows.ts'
export { templateChoices, type RowKind } from './row-kinds.ts'
