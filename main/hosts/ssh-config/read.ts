import { glob, readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { AppError } from '#engine/protocol/errors/index.ts'
import { expandHome } from '../../links/auth-candidates.ts'

/** One block of an SSH client configuration (ssh_config(5)) with the lines that follow it, in order. */
export interface ConfigBlock {
  /** Patterns of a `Host` line; `['*']` for what stands before the first one. Null for `Match`, which is not evaluated. */
  readonly patterns: readonly string[] | null
  readonly options: readonly ConfigOption[]
}

/** Names are lower case. */
export interface ConfigOption {
  readonly name: string
  readonly value: string
}

export interface ReadConfig {
  readonly blocks: readonly ConfigBlock[]
  /** What could not be taken into account, for the user to know. */
  readonly notes: readonly string[]
}

/** OpenSSH's own limit. */
const MAX_DEPTH = 16

/** A configuration file with everything it includes. Throws `sshConfig.unreadable` for the file itself. */
export async function readSshConfig(path: string, home: string): Promise<ReadConfig> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new AppError('sshConfig.unreadable', { path, reason: code ?? message }, { cause })
  }
  const notes: string[] = []
  const blocks = await parse(text, { home, notes, depth: 0, patterns: ['*'] })
  return { blocks, notes }
}

interface Context {
  readonly home: string
  readonly notes: string[]
  readonly depth: number
  /** Of the block that an `Include` stands in: the included lines count only for these hosts. */
  readonly patterns: readonly string[] | null
}

async function parse(text: string, context: Context): Promise<ConfigBlock[]> {
  const blocks: ConfigBlock[] = []
  let options: ConfigOption[] = []
  let patterns = context.patterns
  const open = (next: readonly string[] | null) => {
    options = []
    patterns = next
    blocks.push({ patterns, options })
  }
  open(patterns)
  for (const line of text.split(/\r?\n/)) {
    const option = parseLine(line)
    if (!option) continue
    const { name, value } = option
    if (name === 'host') open(words(value))
    else if (name === 'match') {
      open(value.trim().toLowerCase() === 'all' ? ['*'] : null)
      if (patterns === null) context.notes.push(`Match ${value}`)
    } else if (name === 'include') {
      if (patterns !== null) blocks.push(...(await include(words(value), { ...context, patterns })))
      // What follows belongs to the same block again.
      open(patterns)
    } else options.push({ name, value })
  }
  return blocks
}

async function include(names: readonly string[], context: Context): Promise<ConfigBlock[]> {
  if (context.depth >= MAX_DEPTH) {
    context.notes.push(`Include ${names.join(' ')}`)
    return []
  }
  const blocks: ConfigBlock[] = []
  for (const name of names) {
    const expanded = expandHome(name, context.home)
    const pattern = isAbsolute(expanded) ? expanded : join(context.home, '.ssh', expanded)
    const files: string[] = []
    for await (const file of glob(pattern)) files.push(file)
    for (const file of files.sort()) {
      try {
        blocks.push(...(await parse(await readFile(file, 'utf8'), { ...context, depth: context.depth + 1 })))
      } catch (error) {
        context.notes.push(`Include ${file}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)
      }
    }
  }
  return blocks
}

/** `Name value`, `Name=value`, `Name "value"`; null for an empty line or a comment. */
function parseLine(line: string): ConfigOption | null {
  const match = /^\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line)
  return match?.[1] && match[2] ? { name: match[1].toLowerCase(), value: match[2] } : null
}

/** Words of a line up to a comment; quotes keep blanks together. */
export function words(text: string): string[] {
  const found = [...text.matchAll(/"([^"]*)"|(\S+)/g)]
  const comment = found.findIndex(([, , plain]) => plain?.startsWith('#'))
  return found.slice(0, comment === -1 ? undefined : comment).map(([, quoted, plain]) => quoted ?? plain ?? '')
}
