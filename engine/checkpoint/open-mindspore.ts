import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { assemble } from './assemble.ts'
import { findAssets, isFile } from './assets.ts'
import { mindsporeTensor, readMindspore } from './formats/mindspore-read.ts'
import { RandomFile } from './formats/random-file.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { mindsporeLayout } from './layouts/families/layout-of.ts'
import type { FamilyCatalog } from './layouts/families/catalog.ts'
import { evenStages } from './layouts/pipeline.ts'
import { planEntries } from './layouts/plan.ts'
import type { OpenedParts } from './opened.ts'
import { shapeFromTensors } from './shape-from-tensors.ts'

/**
 * The MindSpore file that a path means: itself, or the only `.ckpt` in a folder or in its `rank_0`, where joining leaves
 * it; undefined where there is none.
 *
 * @throws AppError `mindspore.severalFiles`, `mindspore.strategyNeeded` for a folder of several ranks
 */
export async function findMindspore(path: string): Promise<string | undefined> {
  if (path.endsWith('.ckpt') && (await isFile(path))) return path
  if (!(await stat(path)).isDirectory()) return undefined
  const entries = await readdir(path)
  const names = entries.filter((name) => name.endsWith('.ckpt')).sort()
  const [first] = names
  if (first === undefined) {
    const ranks = entries.filter((name) => /^rank_\d{1,6}$/.test(name))
    if (ranks.length > 1) throw new AppError('mindspore.strategyNeeded', { path, count: ranks.length })
    return ranks[0] === 'rank_0' ? findMindspore(join(path, 'rank_0')) : undefined
  }
  if (names.length > 1) throw new AppError('mindspore.severalFiles', { path, count: names.length, first })
  return join(path, first)
}

/** Where configuration, tokenizer and passport lie: beside the file, or beside the folder of its rank. */
export function mindsporeFolder(file: string): string {
  const folder = dirname(file)
  return basename(folder) === 'rank_0' ? dirname(folder) : folder
}

/** Opens a complete MindSpore checkpoint of any family; `files` is filled so that the caller can close them. */
export async function openMindspore(
  path: string,
  passport: CheckpointPassport | null,
  files: RandomFile[],
): Promise<OpenedParts> {
  const folder = mindsporeFolder(path)
  const file = await RandomFile.open(path)
  files.push(file)
  const stored: StoredTensor[] = []
  for (const entry of (await readMindspore(file)).entries) {
    const tensor = mindsporeTensor(file, entry)
    if (tensor !== undefined) stored.push(tensor)
  }
  const assets = await findAssets(folder)
  const families = await knownFamilies()
  const { model, findings } = await findShape(path, passport, assets, stored, families)
  const layout = mindsporeLayout(families.get(model.family))
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const expected = chunks.flatMap((chunk) => planEntries(layout, model, placement, chunk, 0))
  const { source, problems } = assemble(folder, model, [{ path, expected, stored }], layout.ignored)
  return { layout: 'mindspore', tp: 1, pp: 1, vpp: 1, source, stored, problems: [...findings, ...problems], assets }
}

async function findShape(
  path: string,
  passport: CheckpointPassport | null,
  assets: string,
  stored: readonly StoredTensor[],
  families: FamilyCatalog,
): Promise<{ model: ModelShape; findings: Finding[] }> {
  if (passport?.layout === 'mindspore') return { model: passport.model, findings: [] }
  const configPath = join(assets, 'config.json')
  if (await isFile(configPath)) return shapeFromConfig(await readConfig(configPath), configPath, families)
  return shapeFromTensors(path, stored, families)
}
