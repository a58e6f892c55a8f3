import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root; every script works from here, wherever it was called. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a program with our standard streams and resolves with its exit code (128 + number for a signal).
 * On Windows npm is a command file, which needs the shell; arguments here never come from outside.
 */
export function run(command, args, options = {}) {
  const isCommandFile = process.platform === 'win32' && command === 'npm'
  const child = spawn(command, args, { stdio: 'inherit', cwd: root, shell: isCommandFile, ...options })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)))
  })
}

/** As `run`, but a failure ends this program with the same code. */
export async function runOrExit(command, args, options) {
  const code = await run(command, args, options)
  if (code !== 0) process.exit(code)
}
