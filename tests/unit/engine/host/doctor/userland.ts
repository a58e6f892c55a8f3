import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder that stands in front of the PATH and behaves like a host: its commands, and files below its own root. */
export class FakeUserland implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  /** Starts with the commands that read: they see the fake root where a path is absolute. */
  static async create(): Promise<FakeUserland> {
    const userland = new FakeUserland(await mkdtemp(join(tmpdir(), 'awb-host-')))
    await userland.command('cat', `exec /bin/cat "$ROOT$1"`)
    await userland.command('ls', `exec /bin/ls "$1" "$ROOT$2"`)
    await userland.command('sh', `exec /bin/sh -c "$(printf '%s' "$2" | /bin/sed "s#/dev/#$ROOT/dev/#g")"`)
    await userland.command('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    return userland
  }

  get path(): string {
    return `${join(this.root, 'commands')}:/usr/bin:/bin`
  }

  async file(path: string, content: string): Promise<void> {
    const target = join(this.root, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }

  /** A command by the body of its shell script; `$ROOT` is the fake root. */
  async command(name: string, body: string): Promise<void> {
    const target = join(this.root, 'commands', name)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, `#!/bin/sh\nROOT='${this.root}'\n${body}\n`)
    await chmod(target, 0o755)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true })
  }
}
