import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'
import { errnoOf } from './fs-errors.ts'

/** The tool loads the management library and asks every chip; a card that hangs holds it up. */
const TIMEOUT_MS = 30_000
const MAX_BYTES = 4 * 1024 * 1024
/** Where the driver puts its tools; a non-interactive shell often has neither on its PATH. */
const TOOL_FOLDERS = ['/usr/local/bin', '/usr/local/sbin', '/usr/sbin']
/** The driver's libraries, which a non-interactive shell lacks as well. */
const LIBRARY_FOLDERS = ['lib64', 'lib64/common', 'lib64/driver'].map((folder) => `/usr/local/Ascend/driver/${folder}`)

export interface ToolOutput {
  /** Both streams: the tool prints errors to either. */
  readonly text: string
  readonly isMissing: boolean
  readonly timedOut: boolean
  /** Null when it did not end by itself. */
  readonly exitCode: number | null
}

/** Runs one of the driver's tools with an argument list, without a shell. Never throws. */
export function runTool(name: string, args: readonly string[], signal?: AbortSignal): Promise<ToolOutput> {
  return new Promise((resolve) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES, env: toolEnvironment(), ...(signal ? { signal } : {}) }
    execFile(name, [...args], { ...options, encoding: 'utf8', killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const isMissing = errnoOf(error) === 'ENOENT'
      const timedOut = error?.killed === true && signal?.aborted !== true
      const text = [stdout, stderr].filter((part) => part !== '').join('\n')
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ text, isMissing, timedOut, exitCode })
    })
  })
}

function toolEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '', LD_LIBRARY_PATH = '' } = process.env
  const joined = (own: string, more: readonly string[]): string =>
    [...own.split(delimiter).filter((part) => part !== ''), ...more].join(delimiter)
  return {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    PATH: joined(PATH, TOOL_FOLDERS),
    LD_LIBRARY_PATH: joined(LD_LIBRARY_PATH, LIBRARY_FOLDERS),
  }
}
