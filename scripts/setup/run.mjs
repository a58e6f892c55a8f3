import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root; every script works from here, wherever it was called. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/**
 * Runs a program with our standard streams and resolves with its exit code (128 + number for a signal).
 * On Windows npm is a command file, which needs the shell; arguments here never come from outside.
 */
export function run(command, args, options = {}) {
  return exitCode(start(command, args, options))
}

/**
 * As `run`, for a program that takes our place: signals are its business. A terminal sends Ctrl-C to it as well; what
 * reaches only this process is handed on.
 */
export function runInForeground(command, args, options = {}) {
  const child = start(command, args, options)
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return exitCode(child)
}

function start(command, args, options) {
  const isCommandFile = process.platform === 'win32' && command === 'npm'
  return spawn(command, args, { stdio: 'inherit', cwd: root, shell: isCommandFile, ...options })
}

function exitCode(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal] ?? 0)))
  })
}

/** As `run`, but a failure ends this program with the same code. */
export async function runOrExit(command, args, options) {
  const code = await run(command, args, options)
  if (code !== 0) process.exit(code)
}
