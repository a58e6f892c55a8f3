import type { StoredTensor } from '../formats/stored-tensor.ts'
import {
  invalid,
  someRows,
  stacked,
  stackedRows,
  unchanged,
  type OldParameter,
  type RewrittenParameter,
  type Rewriting,
} from './rewrite.ts'

/** Width of a head in every published TeleChat2. */
const TELECHAT2_HEAD_DIM = 128

/** Key/value heads of the published TeleChat2 models, by the name that MindFormers' script has for them. */
export const telechat2Groups: Readonly<Record<string, number>> = {
  telechat_3B: 24,
  telechat_7B: 32,
  telechat_35B: 48,
  telechat_115B: 8,
}

type Parts = Readonly<Record<string, readonly string[]>>

/** Names within a layer: what is fused, and of what. */
const llamaWeights: Parts = {
  'attention.w_qkv.weight': ['attention.wq.weight', 'attention.wk.weight', 'attention.wv.weight'],
  'feed_forward.w_gate_hidden.weight': ['feed_forward.w1.weight', 'feed_forward.w3.weight'],
}
const llamaBiases: Parts = {
  'attention.w_qkv.bias': ['attention.wq.bias', 'attention.wk.bias', 'attention.wv.bias'],
}
const gateWeights: Parts = { 'feed_forward.w_gate_hidden.weight': ['feed_forward.w1.weight', 'feed_forward.w3.weight'] }

/**
 * `--qkv_concat` of Llama2 and Qwen1.5: query, key and value in one matrix, gate and up in another one, behind all that
 * stays. All layers of the file are fused, also where it begins in the middle of the model.
 *
 * @param transposesDown `--w2_transb`: w2 is stored transposed
 */
export const fuseLlama =
  (transposesDown: boolean): Rewriting =>
  (old, path) => {
    const layers = layersOf(old, 'attention.wq.weight', path)
    const fused = [
      ...layers.flatMap((layer) => fuse(llamaWeights, layer, old, path)),
      ...layers
        .filter((layer) => old.has(`${layer}attention.wq.bias`))
        .flatMap((layer) => fuse(llamaBiases, layer, old, path)),
    ]
    const rest = restOf(old, [llamaWeights, llamaBiases], layers)
    return [...rest.map((parameter) => (transposesDown ? transposed(parameter) : parameter)), ...fused]
  }

/**
 * `--qkv_concat` of TeleChat2, whose keys and values alternate head by head and are taken apart: rows of the query, of all
 * keys, of all values.
 *
 * @param groups key/value heads of the whole model
 * @param model name of the model, for messages
 */
export const fuseTelechat2 =
  (groups: number, model: string): Rewriting =>
  (old, path) => {
    const layers = layersOf(old, 'attention.wk_v.weight', path)
    const fused = layers.flatMap((layer): RewrittenParameter[] => {
      const query = parameter(`${layer}attention.wq.weight`, old, path)
      const packed = parameter(`${layer}attention.wk_v.weight`, old, path)
      const rows = packed.tensor.shape[0] ?? 0
      const heads = rows / (2 * TELECHAT2_HEAD_DIM)
      // A rank has a share of the heads.
      if (!Number.isInteger(heads) || heads === 0 || groups % heads !== 0) {
        const reason = `${rows} rows are no share of the ${groups} key/value heads of ${model}, 128 rows each`
        throw invalid(path, packed.entry.name, reason)
      }
      const every = (first: number): StoredTensor[] =>
        Array.from({ length: heads }, (_, head) =>
          someRows(packed.tensor, (2 * head + first) * TELECHAT2_HEAD_DIM, TELECHAT2_HEAD_DIM),
        )
      const entries = [query.entry, packed.entry]
      const parts = [query.tensor, ...every(0), ...every(1)]
      return [
        stackedRows(`${layer}attention.w_qkv.weight`, entries, parts, path),
        ...fuse(gateWeights, layer, old, path),
      ]
    })
    const gone: Parts = { qkv: ['attention.wq.weight', 'attention.wk_v.weight'], ...gateWeights }
    return [...restOf(old, [gone], layers), ...fused]
  }

function fuse(parts: Parts, layer: string, old: ReadonlyMap<string, OldParameter>, path: string): RewrittenParameter[] {
  return Object.entries(parts).map(([name, from]) =>
    stacked(
      layer + name,
      from.map((part) => parameter(layer + part, old, path)),
      path,
    ),
  )
}

/** `model.layers.<n>.` of each layer that is there, in the order of their numbers. */
function layersOf(old: ReadonlyMap<string, OldParameter>, part: string, path: string): string[] {
  const numbers = [...old.keys()].flatMap((name) => {
    const [, number, rest] = /^model\.layers\.(\d{1,6})\.(.+)$/.exec(name) ?? []
    return rest === part ? [Number(number)] : []
  })
  if (numbers.length === 0) throw invalid(path, `model.layers.0.${part}`, 'it is missing')
  return numbers.sort((a, b) => a - b).map((number) => `model.layers.${number}.`)
}

function parameter(name: string, old: ReadonlyMap<string, OldParameter>, path: string): OldParameter {
  const found = old.get(name)
  if (found === undefined) throw invalid(path, name, 'it is missing')
  return found
}

/** All that is not fused, as it was. */
function restOf(
  old: ReadonlyMap<string, OldParameter>,
  gone: readonly Parts[],
  layers: readonly string[],
): RewrittenParameter[] {
  const names = new Set(
    layers.flatMap((layer) => gone.flatMap((parts) => Object.values(parts).flat()).map((part) => layer + part)),
  )
  return [...old].flatMap(([name, found]) => (names.has(name) ? [] : [unchanged(found)]))
}

function transposed(one: RewrittenParameter): RewrittenParameter {
  const [tensor] = one.rows
  if (tensor === undefined || !/^model\.layers\.\d+\.feed_forward\.w2\.weight$/.test(one.name)) return one
  const shape = tensor.shape.toReversed()
  return { ...one, shape, rows: [{ ...tensor, shape, strides: tensor.strides.toReversed() }] }
}
