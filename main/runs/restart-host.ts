import { AppError } from '#engine/protocol/errors/index.ts'
import type { SshLink } from '../links/index.ts'

/** As the guides do it; `shutdown` where a minimal system has no `reboot`. */
const RESTART = `
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n -- "$@"; fi; }
as_root true || { echo 'it needs root, or sudo without a password' >&2; exit 77; }
if command -v reboot > /dev/null; then as_root reboot; else as_root shutdown -r now; fi`

/** What tells that the host has gone while it was asked to go. */
const GONE = new Set(['ssh.lost', 'ssh.silent', 'ssh.commandTimeout', 'ssh.notConnected'])

/** Restarts a host. Resolves when it has begun to; its link comes back by itself. @throws AppError `run.restartRefused` */
export async function restartHost(link: SshLink): Promise<void> {
  await link.ready()
  try {
    const { code, stderr } = await link.run(['sh', '-c', RESTART], { timeoutMs: 15_000 })
    // Null is a program that was ended together with the host.
    if (code === 0 || code === null) return
    const reason = stderr.toString('utf8').trim().split('\n').at(-1) || `exit ${code}`
    throw new AppError('run.restartRefused', { host: link.name, reason })
  } catch (error) {
    if (error instanceof AppError && GONE.has(error.code)) return
    throw error
  }
}
