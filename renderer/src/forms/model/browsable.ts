import type { FileStat } from '#engine/protocol/index.ts'

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
const place = (entry: FileStat) => (entry.name.startsWith('.') ? 2 : 0) + (entry.kind === 'file' ? 1 : 0)

/** Entries worth offering when a file or a folder is looked for: folders first, hidden ones last, by name. */
export function browsable(entries: readonly FileStat[], kind: 'file' | 'folder'): FileStat[] {
  return entries
    .filter((entry) => kind === 'file' || entry.kind !== 'file')
    .sort((a, b) => place(a) - place(b) || collator.compare(a.name, b.name))
}
