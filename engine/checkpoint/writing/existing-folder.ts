import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TRACKER } from '../assets.ts'
import { fileError } from '../formats/random-file.ts'
import { assertRoom, fullAt, syncFolder, syncFolders } from './atomic-folder.ts'

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
  const partial = join(target, `.awb-partial-${randomBytes(6).toString('hex')}`)
  const [fresh, old] = [join(partial, 'new'), join(partial, 'old')]
  try {
    await mkdir(target, { recursive: true })
    await assertRoom(target, needed, target)
    await mkdir(fresh, { recursive: true })
    await mkdir(old)
    const result = await fill(fresh)
    await syncFolders(partial)
    const names = (await readdir(fresh)).sort((a, b) => Number(a === TRACKER) - Number(b === TRACKER))
    const present = new Set(await readdir(target))
    // Backwards: without its tracker a checkpoint is none.
    for (const name of [...names].reverse()) if (present.has(name)) await rename(join(target, name), join(old, name))
    for (const name of names) await rename(join(fresh, name), join(target, name))
    await syncFolder(target)
    return result
  } catch (error) {
    throw fullAt(fileError(error, target), target)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
