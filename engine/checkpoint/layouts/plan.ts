import type { ModelShape } from '../../protocol/passport.ts'
import { canonicalShape, type LayoutDescription, type StoredRule } from './description.ts'
import type { PipelineChunk } from './pipeline.ts'

/** Rows [row, row + rows) x columns [column, column + columns) of a canonical tensor. */
export interface Segment {
  readonly tensor: string
  readonly row: number
  readonly rows: number
  readonly column: number
  readonly columns: number
  /** The one row `row` stands `rows` times: padding of the vocabulary. */
  readonly repeated?: true
}

/** One entry of a file: its rows are the segments, stacked. Without segments it has no value. */
export interface PlannedEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly segments: readonly Segment[]
}

/** How a model is spread; `vocab` counts the stored rows, padding included. */
export interface Placement {
  readonly tp: number
  readonly chunks: readonly PipelineChunk[]
  readonly vocab: number
  /** Shapes of parts that are no tensors of the model, like adapters. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>
}

/** Rows of the vocabulary after padding to a multiple of `divisor` times TP. */
export function paddedVocabulary(vocab: number, divisor: number, tp: number): number {
  const unit = divisor * tp
  return Math.ceil(vocab / unit) * unit
}

/** The entries that one rank stores for one pipeline chunk, in the order of the layout. */
export function planEntries(
  layout: LayoutDescription,
  model: ModelShape,
  placement: Placement,
  chunk: PipelineChunk,
  rank: number,
): PlannedEntry[] {
  const context: RuleContext = { model, placement, rank }
  const entries = chunk.isFirst ? layout.head.flatMap((rule) => planRule(rule, context, chunk)) : []
  chunk.layers.forEach((globalLayer, localLayer) => {
    for (const rule of layout.layer) entries.push(...planRule(rule, context, chunk, { globalLayer, localLayer }))
  })
  if (chunk.isLast) for (const rule of layout.tail) entries.push(...planRule(rule, context, chunk))
  return entries
}

interface RuleContext {
  readonly model: ModelShape
  readonly placement: Placement
  readonly rank: number
}

function planRule(
  rule: StoredRule,
  context: RuleContext,
  chunk: PipelineChunk,
  layer?: { globalLayer: number; localLayer: number },
): PlannedEntry[] {
  if (!applies(rule, context.model, chunk)) return []
  const name = layer === undefined ? rule.name : rule.name.replace('{layer}', String(layer.localLayer))
  const prefix = layer === undefined ? '' : `layers.${layer.globalLayer}.`
  if (rule.parts.length === 0) return [{ name, shape: [], segments: [] }]
  const parts = rule.parts.map((part) => {
    const shape = context.placement.shapes?.get(part) ?? canonicalShape(context.model, part)
    if (shape === undefined) throw new Error(`the layout names ${part}, which is no canonical tensor`)
    return { tensor: prefix + part, shape }
  })
  const whole = stack(parts, piecesOf(rule, context), rule.vocabulary === true ? context.placement.vocab : undefined)
  const segments = share(whole, rule.split, context)
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0)
  const isMatrix = parts[0]?.shape.length === 2
  return [{ name, shape: isMatrix ? [rows, segments[0]?.columns ?? 0] : [rows], segments }]
}

function applies(rule: StoredRule, model: ModelShape, chunk: PipelineChunk): boolean {
  switch (rule.when) {
    case 'qkvBias':
      return model.qkvBias
    case 'oBias':
      return model.oBias === true
    case 'downBias':
      return model.downBias === true
    case 'untied':
      return !model.tiedEmbeddings
    case 'tiedCopy':
      return model.tiedEmbeddings && !chunk.isFirst
    default:
      return true
  }
}

function piecesOf(rule: StoredRule, { model, placement }: RuleContext): number {
  if (rule.pieces === 'kvGroups') return model.kvGroups
  return rule.pieces === 'tp' ? placement.tp : 1
}

interface Part {
  readonly tensor: string
  readonly shape: readonly number[]
}

/** The stored tensor before it is shared between ranks. */
function stack(parts: readonly Part[], pieces: number, storedRows: number | undefined): Segment[] {
  const segments: Segment[] = []
  for (let piece = 0; piece < pieces; piece++) {
    for (const { tensor, shape } of parts) {
      const rows = (shape[0] ?? 1) / pieces
      segments.push({ tensor, row: piece * rows, rows, column: 0, columns: shape[1] ?? 1 })
    }
  }
  const [only] = segments
  if (storedRows === undefined || only === undefined || storedRows === only.rows) return segments
  if (storedRows < only.rows) return [{ ...only, rows: storedRows }]
  return [only, { ...only, row: only.rows - 1, rows: storedRows - only.rows, repeated: true }]
}

function share(whole: readonly Segment[], split: StoredRule['split'], { placement, rank }: RuleContext): Segment[] {
  const { tp } = placement
  if (split === undefined || tp === 1) return [...whole]
  if (split === 'columns') {
    return whole.map((segment) => {
      const columns = segment.columns / tp
      return { ...segment, column: rank * columns, columns }
    })
  }
  const total = whole.reduce((sum, segment) => sum + segment.rows, 0)
  return cutRows(whole, (total / tp) * rank, (total / tp) * (rank + 1))
}

function cutRows(whole: readonly Segment[], from: number, to: number): Segment[] {
  const result: Segment[] = []
  let start = 0
  for (const segment of whole) {
    const begin = Math.max(from, start)
    const end = Math.min(to, start + segment.rows)
    if (begin < end) {
      const row = segment.repeated === true ? segment.row : segment.row + (begin - start)
      result.push({ ...segment, row, rows: end - begin })
    }
    start += segment.rows
  }
  return result
}
