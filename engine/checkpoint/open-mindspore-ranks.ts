import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { assemble } from './assemble.ts'
import { findAssets, isFile } from './assets.ts'
import { mindsporeTensor } from './formats/mindspore-read.ts'
import { asFileError } from '../host/fs-errors.ts'
import type { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { mindsporeLayout } from './layouts/families/layout-of.ts'
import { matchesPattern } from './layouts/name-pattern.ts'
import { evenStages } from './layouts/pipeline.ts'
import { planEntries } from './layouts/plan.ts'
import { findRankFiles, openRankFiles } from './mindspore/rank-folders.ts'
import type { OpenedParts } from './opened.ts'
import { misshapenTensor, missingTensor, spreadModel, unexpectedTensor } from './problems.ts'

/** How many rank folders a folder holds. */
export async function countRanks(folder: string): Promise<number> {
  try {
    return (await readdir(folder)).filter((name) => /^rank_\d{1,6}$/.test(name)).length
  } catch (error) {
    throw asFileError(error, folder)
  }
}

/** Whether a folder holds a MindSpore checkpoint that is spread over several ranks. */
export const hasRanks = async (folder: string): Promise<boolean> => (await countRanks(folder)) > 1

/**
 * Opens the ranks of a MindSpore checkpoint to be looked at: the tensors as they lie in each of them, and none as a
 * whole, since only a strategy says how they join. The model comes from the passport or config.json beside the ranks;
 * TP and PP from the passport, else from the widths of the slices and from who holds what.
 *
 * @throws AppError `mindspore.strategyNeeded` where nothing names the model, `mindspore.ranksMissing`
 */
export async function openMindsporeRanks(
  folder: string,
  passport: CheckpointPassport | null,
  files: RandomFile[],
): Promise<OpenedParts> {
  const ranks = await openRankFiles(await findRankFiles(folder, () => undefined), files)
  const assets = await findAssets(folder)
  const families = await knownFamilies()
  const configPath = join(assets, 'config.json')
  const shape = passport?.layout === 'mindspore' ? { model: passport.model, findings: [] } : undefined
  if (shape === undefined && !(await isFile(configPath))) {
    throw new AppError('mindspore.strategyNeeded', { path: folder, count: ranks.length })
  }
  const { model, findings } = shape ?? shapeFromConfig(await readConfig(configPath), configPath, families)
  const layout = mindsporeLayout(families.get(model.family))
  const stored = ranks.flatMap(({ file, entries }) =>
    [...entries.values()].flatMap((entry) => mindsporeTensor(file, entry) ?? []),
  )
  const expected = expectedShapes(layout, model)
  const isIgnored = (name: string): boolean => layout.ignored.some((pattern) => matchesPattern(name, pattern))
  const { source } = assemble(folder, model, [], [])
  // Ranks of one stage hold the same names.
  const stages = new Set(
    ranks.map(({ entries }) => [...entries.keys()].filter((name) => expected.has(name)).join('\n')),
  )
  return {
    layout: 'mindspore',
    tp: passport?.tp ?? widthRatio(stored, expected),
    pp: passport?.pp ?? stages.size,
    vpp: 1,
    source,
    stored,
    problems: [...findings, ...check(folder, stored, expected, isIgnored), spreadModel(ranks.length)],
    assets,
  }
}

type Shapes = ReadonlyMap<string, readonly number[]>

function expectedShapes(layout: Parameters<typeof planEntries>[0], model: ModelShape): Shapes {
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const entries = chunks.flatMap((chunk) => planEntries(layout, model, placement, chunk, 0))
  return new Map(entries.map(({ name, shape }) => [name, shape]))
}

/** Only model parallelism cuts columns: the optimizer's sharding cuts rows. */
function widthRatio(stored: readonly StoredTensor[], expected: Shapes): number {
  const ratios = stored.map(({ name, shape }) => {
    const whole = expected.get(name)?.[1]
    return whole === undefined || shape[1] === undefined ? 1 : whole / shape[1]
  })
  return Math.max(1, ...ratios.filter(Number.isInteger))
}

/** Every tensor in some rank, and each of a size that pieces of it can have. */
function check(
  folder: string,
  stored: readonly StoredTensor[],
  expected: Shapes,
  isIgnored: (name: string) => boolean,
): Finding[] {
  const problems: Finding[] = []
  const found = new Set(stored.map(({ name }) => name))
  for (const name of expected.keys()) if (!found.has(name)) problems.push(missingTensor(folder, name))
  for (const { name, shape, file } of stored) {
    const whole = expected.get(name)
    if (whole === undefined) {
      if (!isIgnored(name)) problems.push(unexpectedTensor(file.path, name))
    } else if (
      shape.length !== whole.length ||
      shape.some((size, axis) => size === 0 || (whole[axis] ?? 0) % size > 0)
    ) {
      problems.push(misshapenTensor(file.path, name, shape, whole))
    }
  }
  return problems
}
