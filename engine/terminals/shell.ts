import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { TerminalSize } from '../protocol/terminals.ts'
import { terminalFiles, type TerminalSpec } from './folder.ts'

/**
 * What runs inside the pseudo-terminal. Constant: names come through the environment, so none is read as shell text.
 * `script` is in the base of every distribution and saves a native addon.
 */
const INSIDE = `
tty > "$AWB_TTY.new" && mv "$AWB_TTY.new" "$AWB_TTY"
stty rows "$AWB_ROWS" cols "$AWB_COLUMNS"
SHELL=$AWB_SHELL
container=$AWB_CONTAINER
export SHELL
unset AWB_TTY AWB_ROWS AWB_COLUMNS AWB_SHELL AWB_CONTAINER
[ -z "$container" ] || exec docker exec -it "$container" sh -c 'if command -v bash > /dev/null; then exec bash -l; else exec sh -l; fi'
exec "$SHELL" -l`

/** A login shell in a pseudo-terminal of its own. */
export function startShell(folder: string, spec: TerminalSpec): ChildProcessByStdio<Writable, Readable, null> {
  return spawn('script', ['-qfec', INSIDE, '/dev/null'], {
    cwd: homedir(),
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
      // Reads the text above, whatever the user's own shell is.
      SHELL: '/bin/sh',
      AWB_SHELL: loginShell(),
      AWB_TTY: terminalFiles(folder).tty,
      AWB_ROWS: String(spec.size.rows),
      AWB_COLUMNS: String(spec.size.columns),
      AWB_CONTAINER: spec.container ?? '',
    },
  })
}

/** Tells the terminal's programs that its size has changed. */
export function resizeShell(folder: string, { columns, rows }: TerminalSize): void {
  const device = readFileSync(terminalFiles(folder).tty, 'utf8').trim()
  spawnSync('stty', ['-F', device, 'rows', String(rows), 'cols', String(columns)])
}

function loginShell(): string {
  try {
    return userInfo().shell ?? process.env.SHELL ?? '/bin/sh'
  } catch {
    // In containers the number of the user often has no entry.
    return process.env.SHELL ?? '/bin/sh'
  }
}
