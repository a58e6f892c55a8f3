import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '#engine/protocol/errors/index.ts'

/**
 * The npm registry that the user has configured: by the environment, `.npmrc`, or as npm itself tells. Ends without a
 * slash. @throws AppError `runtime.noRegistry`
 */
export async function registryUrl(env: NodeJS.ProcessEnv, home: string): Promise<string> {
  const found = env['npm_config_registry'] ?? (await fromFile(join(home, '.npmrc'))) ?? (await fromNpm())
  if (found === undefined || !/^https?:\/\//.test(found)) throw new AppError('runtime.noRegistry')
  return found.replace(/\/+$/, '')
}

async function fromFile(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return /^\s*registry\s*=\s*"?([^"\s]+)/m.exec(text)?.[1]
}

async function fromNpm(): Promise<string | undefined> {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const answer = await promisify(execFile)(npm, ['config', 'get', 'registry'], { timeout: 15_000 }).catch(() => null)
  return answer?.stdout.trim()
}
