import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'

/**
 * The parts of a dataset in a folder: all whose name contains the key, in order of their names. MindSpeed-LLM 1.0.0
 * merges whatever contains the key; a key that stands in the names of different kinds of data ("labels_document" in
 * those of chosen and rejected labels) is refused here instead.
 * @returns paths without extension
 * @throws file.missing, dataset.mergeMissing, dataset.mergeAmbiguous
 */
export async function findParts(folder: string, key: string): Promise<string[]> {
  const files = new Set(await listFolder(folder))
  const stems = [...files].flatMap((file) => /^(.+)\.(?:bin|idx)$/.exec(file)?.[1] ?? [])
  const names = [...new Set(stems)].filter((stem) => stem.includes(key)).sort()
  if (names.length === 0) throw new AppError('dataset.mergeMissing', { folder, key })
  for (const name of names) {
    for (const end of ['bin', 'idx']) {
      if (!files.has(`${name}.${end}`))
        throw new AppError('file.missing', { path: path.join(folder, `${name}.${end}`) })
    }
  }
  const kinds = new Map(names.map((name) => [kindOf(name), name]))
  if (kinds.size > 1) {
    const better = [...kinds.keys()].find((kind) => kind !== '') ?? key
    throw new AppError('dataset.mergeAmbiguous', { folder, key, names: [...kinds.values()].join(', '), better })
  }
  return names.map((name) => path.join(folder, name))
}

/** What instruction and pairwise data write behind their prefix; empty for other data, whose keys are free. */
const kindOf = (name: string): string => /packed_(?:chosen_|rejected_)?[a-z_]+_document/.exec(name)?.[0] ?? ''

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw asFileError(error, folder)
  }
}
