import { cleanPath } from '../paths.ts'
import { shellQuote } from '../shell.ts'

/** A folder or a file of the host as the container sees it. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/**
 * One line of a form as docker's `-v` writes it: `host`, `host:container` or `host:container:ro`. Null where it is none:
 * both paths have to start at the root (`~` is the home folder of the host).
 */
export function parseMount(line: string, home: string): Mount | null {
  const [source = '', target = source, mode = 'rw', ...rest] = line.trim().split(':')
  if (rest.length > 0 || !['rw', 'ro'].includes(mode)) return null
  const [from, to] = [source, target].map((path) => cleanPath(path.replace(/^~(?=\/|$)/, home)))
  if (!from?.startsWith('/') || !to?.startsWith('/') || to === '/') return null
  return { source: from, target: to, isReadOnly: mode === 'ro' }
}

/**
 * The value of `--mount` as a shell word. Unlike `-v`, docker does not make an empty folder where the source is missing.
 * docker reads the value as a row of CSV, so a field with a comma or a quote is put in quotes.
 */
export function mountValue({ source, target, isReadOnly }: Mount): string {
  const fields = ['type=bind', `source=${source}`, `target=${target}`, ...(isReadOnly ? ['readonly'] : [])]
  const cells = fields.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
  return inQuotes(cells.join(','))
}

/** A word in quotes even where it needs none: a comma in an array of the shell looks like a mistake. */
export const inQuotes = (word: string): string => (shellQuote(word) === word ? `'${word}'` : shellQuote(word))
