import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TRACKER } from '../assets.ts'
import { asFileError } from '../../host/fs-errors.ts'
import { assertRoom, fullAt, syncFolder, syncFolders } from './atomic-folder.ts'
import { abandonedPartials, partialPath } from './partial.ts'

/**
 * Puts new entries into a folder that may hold others, in place of those of the same name: all are written beside them
 * first and then renamed, the tracker last, so that a checkpoint is complete whenever it is one. What is replaced goes
 * only when everything new is there.
 *
 * @throws AppError `file.full`, `file.denied`
 */
export async function fillExistingFolder<T>(
  output: string,
  needed: number,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const target = resolve(output)
  const partial = await partialPath(target, '')
  const [fresh, old] = [join(partial, 'new'), join(partial, 'old')]
  let isNew = false
  let isDone = false
  try {
    isNew = (await mkdir(target, { recursive: true })) !== undefined
    for (const left of await abandonedPartials(target, '')) await restore(target, left)
    await assertRoom(target, needed, target)
    await mkdir(fresh, { recursive: true })
    await mkdir(old)
    const result = await fill(fresh)
    await syncFolders(partial)
    await swap(target, fresh, old)
    await syncFolder(target)
    isDone = true
    return result
  } catch (error) {
    throw fullAt(asFileError(error, target), target)
  } finally {
    await rm(partial, { recursive: true, force: true })
    // Stays when somebody else has put something into it meanwhile.
    if (isNew && !isDone) await rmdir(target).catch(() => undefined)
  }
}

/** Removes what a killed process left; what it had taken away already and not yet replaced comes back first. */
async function restore(target: string, partial: string): Promise<void> {
  const present = new Set(await readdir(target))
  const old = join(partial, 'old')
  for (const name of (await isDirectory(old)) ? await readdir(old) : []) {
    if (!present.has(name)) await rename(join(old, name), join(target, name))
  }
  await rm(partial, { recursive: true, force: true })
}

/** The folder is not there yet when a process is killed right at its start. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Renames everything in `fresh` into `target`, what it replaces into `old`; after a failure all is as it was. */
async function swap(target: string, fresh: string, old: string): Promise<void> {
  const names = (await readdir(fresh)).sort((a, b) => Number(a === TRACKER) - Number(b === TRACKER))
  const present = new Set(await readdir(target))
  const undo: (() => Promise<void>)[] = []
  const move = async (name: string, from: string, to: string): Promise<void> => {
    await rename(join(from, name), join(to, name))
    undo.unshift(() => rename(join(to, name), join(from, name)))
  }
  try {
    // Backwards: without its tracker a checkpoint is none.
    for (const name of [...names].reverse()) if (present.has(name)) await move(name, target, old)
    for (const name of names) await move(name, fresh, target)
  } catch (error) {
    for (const step of undo) await step()
    throw error
  }
}
