import { appendFile, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { isMissing } from '../host/fs-errors.ts'
import type { HubFile } from './repository.ts'

const Line = z.union([
  z.object({ file: z.string(), bytes: z.number(), digest: z.string() }),
  z.object({ file: z.string(), from: z.number(), to: z.number() }),
  z.object({ file: z.string(), checked: z.literal(true) }),
])
type Line = z.infer<typeof Line>

interface Known {
  readonly bytes: number
  readonly digest: string
  readonly parts: Set<string>
  isChecked: boolean
}

const identityOf = ({ digest }: HubFile): string => (digest === undefined ? '' : `${digest.kind}:${digest.hex}`)
const partKey = (from: number, to: number): string => `${from}-${to}`

/**
 * What of a download has arrived, one JSON line each, so that a killed one goes on where it was. A file that the hub
 * has changed since begins anew. The lines are a hint: the checksum at the end decides.
 */
export class ProgressJournal {
  readonly #path: string
  readonly #files: Map<string, Known>

  private constructor(path: string, files: Map<string, Known>) {
    this.#path = path
    this.#files = files
  }

  static async open(path: string): Promise<ProgressJournal> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return ''
      throw error
    })
    const files = new Map<string, Known>()
    for (const line of text.split('\n')) {
      const parsed = Line.safeParse(readLine(line))
      if (parsed.success) apply(files, parsed.data)
    }
    return new ProgressJournal(path, files)
  }

  /** Takes a file of the listing up; what is known of another version of it is forgotten. */
  async begin(file: HubFile): Promise<void> {
    const known = this.#files.get(file.path)
    if (known?.bytes === file.bytes && known.digest === identityOf(file)) return
    await this.#add({ file: file.path, bytes: file.bytes, digest: identityOf(file) })
  }

  isChecked(file: HubFile): boolean {
    return this.#files.get(file.path)?.isChecked === true
  }

  hasPart(file: HubFile, from: number, to: number): boolean {
    return this.#files.get(file.path)?.parts.has(partKey(from, to)) === true
  }

  async part(file: HubFile, from: number, to: number): Promise<void> {
    await this.#add({ file: file.path, from, to })
  }

  async checked(file: HubFile): Promise<void> {
    await this.#add({ file: file.path, checked: true })
  }

  /** Forgets what arrived of a file. */
  async restart(file: HubFile): Promise<void> {
    await this.#add({ file: file.path, bytes: file.bytes, digest: identityOf(file) })
  }

  async #add(line: Line): Promise<void> {
    apply(this.#files, line)
    await appendFile(this.#path, `${JSON.stringify(line)}\n`)
  }
}

/** The last line of a killed download may be cut. */
function readLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function apply(files: Map<string, Known>, line: Line): void {
  if ('bytes' in line) {
    files.set(line.file, { bytes: line.bytes, digest: line.digest, parts: new Set(), isChecked: false })
    return
  }
  const known = files.get(line.file)
  if (known === undefined) return
  if ('checked' in line) known.isChecked = true
  else known.parts.add(partKey(line.from, line.to))
}
