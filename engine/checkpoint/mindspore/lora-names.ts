import { AppError } from '../../protocol/errors/index.ts'
import type { AdapterPair } from './lora-merger.ts'
import type { SliceSource, WholeParameter } from './slice-source.ts'

/** `<module>.mindpet_delta_lora_a` and `_b` of mindpet, `tk_delta_…` of its older releases. */
const adapterA = /^(?!adam_[mv]\.)(.+)\.(mindpet_delta|tk_delta)_lora_a$/

/** The two factors of a weight's adapter. */
export interface AdapterNames {
  readonly a: string
  readonly b: string
}

/** Adapters, and the optimizer's state of them. */
export const isAdapter = (name: string): boolean => name.includes('lora_')

/**
 * The adapters of a checkpoint by the weight that each belongs to.
 *
 * @throws AppError `mindspore.loraNone`, `checkpoint.tensorMissing` where a weight or the other factor is missing
 */
export function findAdapters(
  source: SliceSource,
  path: string,
  log: (line: string) => void,
): ReadonlyMap<string, AdapterNames> {
  const names = new Set(source.names())
  const found = new Map<string, AdapterNames>()
  for (const a of names) {
    const [, module, kind] = adapterA.exec(a) ?? []
    if (module === undefined) continue
    const [weight, b] = [`${module}.weight`, `${module}.${kind ?? ''}_lora_b`]
    for (const tensor of [weight, b])
      if (!names.has(tensor)) throw new AppError('checkpoint.tensorMissing', { path, tensor })
    log(`Merging ${a}`)
    found.set(weight, { a, b })
  }
  if (found.size === 0) throw new AppError('mindspore.loraNone', { path })
  return found
}

/** The factors of a weight, whole. @throws AppError `mindspore.loraShape` where they do not fit it */
export function pairFor(
  weight: WholeParameter,
  { a, b }: AdapterNames,
  source: SliceSource,
  nearRank: number,
): AdapterPair {
  const pair = { a: source.whole(a, nearRank), b: source.whole(b, nearRank) }
  const [rows, columns] = weight.shape
  const isFitting =
    weight.shape.length === 2 &&
    pair.b.shape[0] === rows &&
    pair.a.shape[1] === columns &&
    pair.a.shape[0] === pair.b.shape[1]
  if (isFitting) return pair
  const shape = (parameter: WholeParameter): string => parameter.shape.join(' x ')
  throw new AppError('mindspore.loraShape', {
    name: weight.name,
    shape: shape(weight),
    a: shape(pair.a),
    b: shape(pair.b),
  })
}
