import { realpath, stat } from 'node:fs/promises'
import { dirname, relative, isAbsolute, sep } from 'node:path'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { ShowFolder } from './show-folder.ts'

/** Opens folders of this computer in its file manager, but only such as belong to the workbench. */
export class FolderOpener {
  readonly #show: ShowFolder
  readonly #roots: () => Promise<string[]>

  /** `roots` answers the folders that may be opened, with everything below them. */
  constructor(show: ShowFolder, roots: () => Promise<string[]>) {
    this.#show = show
    this.#roots = roots
  }

  /** Opens the folder, or the folder of a file. Throws `file.missing`, `folder.outside`. */
  async open(path: string): Promise<boolean> {
    const folder = await existingFolder(path)
    const roots = await Promise.all((await this.#roots()).map((root) => realpath(root).catch(() => null)))
    if (!roots.some((root) => root !== null && isInside(root, folder))) {
      throw new AppError('folder.outside', { path })
    }
    return await this.#show(folder)
  }
}

/** Links resolved. The path of a dataset is the prefix of files, so its folder is meant. */
async function existingFolder(path: string): Promise<string> {
  const found = (await realpath(path).catch(() => null)) ?? (await realpath(dirname(path)).catch(() => null))
  if (found === null) throw new AppError('file.missing', { path })
  return (await stat(found)).isDirectory() ? found : dirname(found)
}

/** Whether a path is a folder or lies in it; both absolute and resolved. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
