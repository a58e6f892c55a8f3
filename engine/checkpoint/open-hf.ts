import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import { isFile } from './assets.ts'
import { assemble } from './assemble.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { RandomFile } from './formats/random-file.ts'
import { readSafetensors } from './formats/safetensors.ts'
import { readTorch } from './formats/torch-read.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { evenStages } from './layouts/pipeline.ts'
import { planEntries } from './layouts/plan.ts'
import type { OpenedParts } from './opened.ts'

const IndexJson = z.object({ weight_map: z.record(z.string(), z.string()) })
const singleFiles = ['model.safetensors', 'pytorch_model.bin']
const shardName = /^(?:model|pytorch_model)[-_](\d{5})-of-(\d{5})\.(?:safetensors|bin)$/

/** Whether a folder looks like a Hugging Face model: a config.json and anything that holds weights. */
export async function isHuggingFace(path: string): Promise<boolean> {
  return (await isFile(join(path, 'config.json'))) && (await findShards(path)) !== undefined
}

/** Opens the files of a Hugging Face model; `files` is filled as they are opened, so that the caller can close them. */
export async function openHuggingFace(path: string, files: RandomFile[]): Promise<OpenedParts> {
  const configPath = join(path, 'config.json')
  const families = await knownFamilies()
  const { model, findings } = shapeFromConfig(await readConfig(configPath), configPath, families)
  const { hf } = families.get(model.family).layouts
  const shards = (await findShards(path)) ?? []
  const stored: StoredTensor[] = []
  for (const name of shards) {
    const shardPath = join(path, name)
    if (!(await isFile(shardPath))) throw new AppError('checkpoint.shardMissing', { path, file: name })
    const file = await RandomFile.open(shardPath)
    files.push(file)
    stored.push(
      ...(name.endsWith('.bin') ? torchTensors(await readTorch(file)) : (await readSafetensors(file)).tensors),
    )
  }
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const expected = chunks.flatMap((chunk) => planEntries(hf, model, placement, chunk, 0))
  const { source, problems } = assemble(path, model, [{ path, expected, stored }], hf.ignored)
  return { layout: 'hf', tp: 1, pp: 1, vpp: 1, source, stored, problems: [...findings, ...problems], assets: path }
}

const torchTensors = (file: Awaited<ReturnType<typeof readTorch>>): StoredTensor[] => file.tensorsOf(file.root)

/** Names of the weight files: by the index, or the single file, or the numbered ones; undefined where there is none. */
async function findShards(path: string): Promise<string[] | undefined> {
  for (const single of singleFiles) {
    const index = await readIndex(join(path, indexName(single)))
    if (index !== undefined) return index
    if (await isFile(join(path, single))) return [single]
  }
  const numbered = (await readdir(path)).map((name) => shardName.exec(name)).filter((match) => match !== null)
  const [first] = numbered
  if (first === undefined) return undefined
  const total = Number(first[2])
  // Without an index the names alone say how many there must be.
  return Array.from({ length: total }, (_, index) =>
    first[0].replace(/\d{5}(?=-of-)/, String(index + 1).padStart(5, '0')),
  )
}

const indexName = (single: string): string => `${single}.index.json`

async function readIndex(path: string): Promise<string[] | undefined> {
  if (!(await isFile(path))) return undefined
  const parsed = IndexJson.safeParse(parseJson(await readFile(path, 'utf8')))
  const names = parsed.success ? [...new Set(Object.values(parsed.data.weight_map))] : []
  if (names.length === 0 || names.some((name) => name.includes('/') || name.includes('\\'))) {
    throw new AppError('checkpoint.configInvalid', { file: path, field: 'weight_map', reason: 'JSON' })
  }
  return names
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the schema refuses it with the file's name.
    return undefined
  }
}
