import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../../host/atomic-file.ts'
import { stateDir } from '../../../host/dirs.ts'
import { asFileError } from '../../../host/fs-errors.ts'
import { AppError, toCodedError } from '../../../protocol/errors/index.ts'
import { MAX_FAMILIES, type FamilyInfo, type FamilyList, type RefusedFamily } from '../../../protocol/families.ts'
import { FamilyDefinition } from '../../../protocol/family.ts'
import { FamilyCatalog, shippedFamilies } from './catalog.ts'

/** Larger than any definition within its limits has reason to be. */
const MAX_BYTES = 256 * 1024
const FILE = /^([a-z][a-z0-9.-]{0,40})\.json$/

const Stored = z.object({ origin: z.enum(['plugin', 'command']), definition: FamilyDefinition })
type Stored = z.infer<typeof Stored>

const familiesDir = (): string => join(stateDir(), 'families')
const fileOf = (id: string): string => join(familiesDir(), `${id}.json`)

/** All families that this engine knows now: the shipped ones, and those that were added on this host. */
export async function knownFamilies(): Promise<FamilyCatalog> {
  const { stored } = await readStored()
  return new FamilyCatalog([...shippedFamilies.all, ...stored.map(({ definition }) => definition)])
}

export async function listFamilies(): Promise<FamilyList> {
  const { stored, refused } = await readStored()
  const families = shippedFamilies.all.map((definition) => describe(definition, 'shipped'))
  return { families: [...families, ...stored.map(({ definition, origin }) => describe(definition, origin))], refused }
}

/**
 * Adds a definition from a file, or replaces the one of the same id.
 *
 * @throws AppError `file.*`, `family.definitionInvalid` naming the field, `family.definitionTaken`,
 *   `family.definitionCount`
 */
export async function addFamily(path: string): Promise<FamilyInfo> {
  const definition = parse(FamilyDefinition, await readJson(path), path)
  const { stored } = await readStored()
  const others = stored.filter((other) => other.definition.id !== definition.id)
  assertFree(definition, [...shippedFamilies.all, ...others.map((other) => other.definition)])
  if (others.length >= MAX_FAMILIES) throw new AppError('family.definitionCount', { count: others.length })
  save({ origin: 'command', definition })
  return describe(definition, 'command')
}

/** @throws AppError `family.definitionMissing` */
export async function removeFamily(id: string): Promise<void> {
  const { stored, refused } = await readStored()
  const known = [...stored.map(({ definition }) => definition.id), ...refused.map((item) => item.id)]
  if (!known.includes(id)) {
    throw new AppError('family.definitionMissing', { family: id, known: known.join(', ') || '-' })
  }
  await rm(fileOf(id), { force: true })
}

/** Replaces the definitions of plugins by these; one that clashes with a family that is there is refused, not the rest. */
export async function setPluginFamilies(definitions: readonly FamilyDefinition[]): Promise<FamilyList> {
  const { stored } = await readStored()
  const added = stored.filter(({ origin }) => origin === 'command').map(({ definition }) => definition)
  const taken = [...shippedFamilies.all, ...added]
  const refused: RefusedFamily[] = []
  const accepted = new Set<string>()
  for (const definition of definitions) {
    try {
      assertFree(definition, taken)
      const known = stored.find((other) => other.definition.id === definition.id)
      if (JSON.stringify(known?.definition) !== JSON.stringify(definition)) save({ origin: 'plugin', definition })
      taken.push(definition)
      accepted.add(definition.id)
    } catch (error) {
      refused.push({ id: definition.id, error: toCodedError(error) })
    }
  }
  for (const { origin, definition } of stored) {
    if (origin === 'plugin' && !accepted.has(definition.id)) await rm(fileOf(definition.id), { force: true })
  }
  const list = await listFamilies()
  return { ...list, refused: [...list.refused, ...refused] }
}

const save = (stored: Stored): void =>
  writeFileAtomic(fileOf(stored.definition.id), `${JSON.stringify(stored, null, 2)}\n`)

function describe({ id, architectures, layouts }: FamilyDefinition, origin: FamilyInfo['origin']): FamilyInfo {
  const names: FamilyInfo['layouts'] = ['hf']
  if (layouts.mindspore !== undefined) names.push('mindspore')
  if (layouts.megatron !== undefined) names.push('megatron')
  return { id, architectures, layouts: names, origin }
}

/** An id or an architecture of another family would change what its checkpoints mean. */
function assertFree({ id: family, architectures }: FamilyDefinition, taken: readonly FamilyDefinition[]): void {
  for (const other of taken) {
    const name = other.id === family ? family : other.architectures.find((one) => architectures.includes(one))
    if (name !== undefined) throw new AppError('family.definitionTaken', { family, name, other: other.id })
  }
}

/** What lies in the engine's folder, each file checked again: it may be of another version, or edited. */
async function readStored(): Promise<{ stored: Stored[]; refused: RefusedFamily[] }> {
  const stored: Stored[] = []
  const refused: RefusedFamily[] = []
  for (const name of await filesIn(familiesDir())) {
    const [, id = ''] = FILE.exec(name) ?? []
    const path = fileOf(id)
    try {
      const found = parse(Stored, await readJson(path), path)
      if (found.definition.id !== id) throw invalid(path, 'id', `it is ${found.definition.id}`)
      assertFree(found.definition, [...shippedFamilies.all, ...stored.map(({ definition }) => definition)])
      stored.push(found)
    } catch (error) {
      refused.push({ id, error: toCodedError(error) })
    }
  }
  return { stored, refused }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => FILE.test(name)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw asFileError(error, folder)
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    const { size } = await lstat(path)
    if (size > MAX_BYTES) throw invalid(path, 'JSON', `${size} bytes, at most ${MAX_BYTES} are read`)
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(path, 'JSON', error.message)
    throw asFileError(error, path)
  }
}

function parse<S extends z.ZodType>(schema: S, json: unknown, file: string): z.infer<S> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(file, issue?.path.join('.') || 'the top', issue?.message ?? '')
}

const invalid = (file: string, field: string, reason: string): AppError =>
  new AppError('family.definitionInvalid', { file, field, reason })
