import { runTool, type ToolOutput } from '../run-tool.ts'

/** Where the doctor looks: the host, or one of its containers. */
export class Probe {
  readonly container: string | null
  readonly #signal: AbortSignal

  constructor(container: string | null, signal: AbortSignal) {
    this.container = container
    this.#signal = signal
  }

  /** Runs a command there, as an argument list. Never throws. */
  run(...argv: readonly string[]): Promise<ToolOutput> {
    const [name = '', ...args] = this.container === null ? argv : ['docker', 'exec', this.container, ...argv]
    return runTool(name, args, this.#signal)
  }

  /** A small text file there; null when it cannot be read. */
  async read(path: string): Promise<string | null> {
    const { text, exitCode } = await this.run('cat', path)
    return exitCode === 0 ? text : null
  }

  /** The command as a person would type it. */
  typed(...argv: readonly string[]): string {
    const words = this.container === null ? argv : ['docker', 'exec', this.container, ...argv]
    return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
  }
}
