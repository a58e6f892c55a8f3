import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { findAssets, isFile } from './assets.ts'
import type { CanonicalTensor } from './checkpoint.ts'
import { elementCount, isWeightDtype, type StoredDtype } from './formats/dtypes.ts'
import { mindsporeTensor } from './formats/mindspore-read.ts'
import { fromMindsporeName } from './formats/mindspore-types.ts'
import type { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { canonicalNames, canonicalShape } from './layouts/description.ts'
import type { FamilyCatalog } from './layouts/families/catalog.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { mindsporeLayout } from './layouts/families/layout-of.ts'
import { matchesPattern } from './layouts/name-pattern.ts'
import { evenStages } from './layouts/pipeline.ts'
import { planEntries, type PlannedEntry } from './layouts/plan.ts'
import { findRankFiles, openRankFiles } from './mindspore/rank-folders.ts'
import { SliceSource, type WholeParameter } from './mindspore/slice-source.ts'
import { assertRanks, modelParallel, readStrategy } from './mindspore/strategy.ts'
import type { OpenedParts } from './opened.ts'
import { misshapenTensor, missingTensor, unexpectedTensor, wrongDtype } from './problems.ts'
import { shapeFromTensors } from './shape-from-tensors.ts'
import { AssembledSource, type Span } from './sources/assembled.ts'

/** Where MindFormers saves strategies: `output/strategy` beside `output/checkpoint`; undefined where none is. */
export async function findStrategy(folder: string): Promise<string | undefined> {
  for (const candidate of [join(folder, 'strategy'), join(dirname(folder), 'strategy')]) {
    // What is no folder holds no strategies.
    const names = await readdir(candidate).catch(() => [])
    if (names.some((name) => /strategy.*\.(ckpt|json)$/.test(name))) return candidate
  }
  return undefined
}

/**
 * Opens the ranks of a MindSpore checkpoint through their strategy: every tensor is put together from its slices. The
 * model comes from the passport or config.json beside the ranks, else from the names and shapes.
 *
 * @throws AppError `mindspore.ranksMissing`, `mindspore.strategyInvalid`, `mindspore.sliceInvalid`
 */
export async function openMindsporeSlices(
  folder: string,
  strategyPath: string,
  passport: CheckpointPassport | null,
  files: RandomFile[],
): Promise<OpenedParts> {
  const ranks = await openRankFiles(await findRankFiles(folder, () => undefined), files)
  const strategy = await readStrategy(strategyPath)
  assertRanks(strategy, ranks.length, folder)
  const slices = new SliceSource(folder, ranks, strategy)
  const assets = await findAssets(folder)
  const families = await knownFamilies()
  const wholes = new Map<string, WholeParameter>()
  for (const name of slices.names()) {
    const type = slices.entryNear(name, 0)?.entry.type ?? ''
    if (fromMindsporeName.has(type)) wholes.set(name, slices.whole(name, 0))
  }
  const { model, findings } = await findShape(folder, passport, assets, wholes, families)
  const layout = mindsporeLayout(families.get(model.family))
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const expected = chunks.flatMap((chunk) => planEntries(layout, model, placement, chunk, 0))
  const problems: Finding[] = []
  const spans = new Map<string, Span[]>()
  for (const entry of expected) {
    const whole = wholes.get(entry.name)
    wholes.delete(entry.name)
    const problem = checkWhole(entry, whole, folder)
    if (problem !== undefined) problems.push(problem)
    else if (whole !== undefined) addPieces(spans, entry, whole)
  }
  for (const name of wholes.keys()) {
    if (!layout.ignored.some((pattern) => matchesPattern(name, pattern))) problems.push(unexpectedTensor(folder, name))
  }
  return {
    layout: 'mindspore',
    tp: modelParallel(strategy),
    pp: strategy.stages.length,
    vpp: 1,
    source: new AssembledSource(folder, model, tensorsOf(model, spans), spans),
    stored: ranks.flatMap(({ file, entries }) =>
      [...entries.values()].flatMap((entry) => mindsporeTensor(file, entry) ?? []),
    ),
    problems: [...findings, ...problems],
    assets,
  }
}

async function findShape(
  folder: string,
  passport: CheckpointPassport | null,
  assets: string,
  wholes: ReadonlyMap<string, WholeParameter>,
  families: FamilyCatalog,
): Promise<{ model: ModelShape; findings: Finding[] }> {
  if (passport?.layout === 'mindspore') return { model: passport.model, findings: [] }
  const configPath = join(assets, 'config.json')
  if (await isFile(configPath)) return shapeFromConfig(await readConfig(configPath), configPath, families)
  // Named like a file in the folder, for it is the folder's config.json that is asked for.
  return shapeFromTensors(join(folder, 'rank_0'), [...wholes.values()], families)
}

function checkWhole(entry: PlannedEntry, whole: WholeParameter | undefined, folder: string): Finding | undefined {
  if (whole === undefined) return missingTensor(folder, entry.name)
  if (whole.shape.length !== entry.shape.length || whole.shape.some((size, axis) => size !== entry.shape[axis])) {
    return misshapenTensor(folder, entry.name, whole.shape, entry.shape)
  }
  return isWeightDtype(dtypeOf(whole)) ? undefined : wrongDtype(folder, entry.name, whole.type)
}

const dtypeOf = ({ type }: WholeParameter): StoredDtype => fromMindsporeName.get(type) ?? 'uint8'

/** Each slice covers a box of the stored tensor, of which each part of a stacked one has some rows. */
function addPieces(spans: Map<string, Span[]>, entry: PlannedEntry, whole: WholeParameter): void {
  let start = 0
  for (const { tensor, row, rows } of entry.segments) {
    const known = spans.get(tensor) ?? []
    for (const piece of whole.pieces) {
      const [top = 0, column = 0] = piece.region.start
      const [height = 1, columns = 1] = piece.region.size
      const from = Math.max(top, start)
      const count = Math.min(top + height, start + rows) - from
      if (count <= 0) continue
      const stored: StoredTensor = { ...piece.tensor, dtype: dtypeOf(whole) }
      known.push({ row: row + from - start, rows: count, column, columns, stored, storedRow: from - top })
    }
    spans.set(tensor, known)
    start += rows
  }
}

function tensorsOf(model: ModelShape, spans: ReadonlyMap<string, readonly Span[]>): Map<string, CanonicalTensor> {
  const tensors = new Map<string, CanonicalTensor>()
  for (const name of canonicalNames(model)) {
    const shape = canonicalShape(model, name) ?? []
    const parts = spans.get(name) ?? []
    const dtype = parts[0]?.stored.dtype
    const covered = parts.reduce((sum, span) => sum + span.rows * span.columns, 0)
    if (dtype !== undefined && isWeightDtype(dtype) && covered === elementCount(shape)) {
      tensors.set(name, { name, shape, dtype })
    }
  }
  return tensors
}
