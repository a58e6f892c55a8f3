export interface DroppedFile {
  readonly file: File
  /** With the folders that were dropped, by slashes. */
  readonly path: string
}

/**
 * The files of a drop, also those in folders, which the page may only walk while it handles the drop. Folders that hold
 * no file are left out.
 */
export async function droppedFiles(items: DataTransferItemList): Promise<DroppedFile[]> {
  // Asked for before anything is waited for: the list is empty afterwards.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  const found = await Promise.all(entries.map((entry) => filesOf(entry, '')))
  return found.flat()
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<DroppedFile[]> {
  const path = `${folder}${entry.name}`
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      ;(entry as FileSystemFileEntry).file(resolve, reject)
    })
    return [{ file, path }]
  }
  const found: DroppedFile[] = []
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // A folder is read in pieces; an empty one is the last.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (piece.length === 0) return found
    for (const below of piece) found.push(...(await filesOf(below, `${path}/`)))
  }
}
