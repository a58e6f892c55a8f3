import type { HostId } from '#engine/protocol/ids.ts'
import type { HostDraft, ImportCandidate } from '#contract/index.ts'
import { SshSettings } from '#contract/index.ts'
import type { HostBook } from '../host-book.ts'
import type { SshHosts } from '../ssh-hosts.ts'
import { importCandidates } from './candidates.ts'
import { readSshConfig } from './read.ts'

export interface ReadHosts {
  readonly path: string
  readonly candidates: ImportCandidate[]
  readonly notes: string[]
}

/** Takes hosts over from an SSH client's configuration. */
export class SshConfigImport {
  readonly #book: HostBook
  readonly #hosts: SshHosts
  readonly #home: string
  readonly #user: string

  constructor(book: HostBook, hosts: SshHosts, home: string, user: string) {
    this.#book = book
    this.#hosts = hosts
    this.#home = home
    this.#user = user
  }

  /** What a file holds; changes nothing. Throws `sshConfig.unreadable`. */
  async read(path = `${this.#home}/.ssh/config`): Promise<ReadHosts> {
    const config = await readSshConfig(path, this.#home)
    const existing = (name: string): HostId | null => this.#named(name)
    return {
      path,
      candidates: importCandidates(config, { user: this.#user, existing }),
      notes: [...config.notes],
    }
  }

  /**
   * Takes over the hosts of these names, and the jump hosts on their way. A host of the same name that is there already
   * is used as a jump host as it is, and gets the settings of the file when it was chosen itself.
   */
  async take(aliases: readonly string[], path?: string): Promise<HostId[]> {
    const { candidates } = await this.read(path)
    const taken = new Map<string, HostId>()
    return aliases.flatMap((alias) => {
      const found = candidates.find((candidate) => candidate.alias === alias)
      return found ? [this.#take(found, candidates, taken, new Set())] : []
    })
  }

  #take(
    found: ImportCandidate,
    candidates: readonly ImportCandidate[],
    taken: Map<string, HostId>,
    onTheWay: Set<string>,
  ): HostId {
    const known = taken.get(found.alias)
    if (known) return known
    onTheWay.add(found.alias)
    let jump: HostId | null = null
    for (const name of found.jumps) jump = this.#jump(name, jump, candidates, taken, onTheWay)
    const draft: HostDraft = { ...found.draft, ssh: { ...found.draft.ssh, jump } }
    const existing = this.#named(found.alias)
    if (existing) this.#hosts.edit(existing, draft)
    const id = existing ?? this.#hosts.add(draft)
    taken.set(found.alias, id)
    return id
  }

  /** A jump host by its name in the file, or by `user@address:port`. `before` is the one on the way to it. */
  #jump(
    name: string,
    before: HostId | null,
    candidates: readonly ImportCandidate[],
    taken: Map<string, HostId>,
    onTheWay: Set<string>,
  ): HostId {
    const existing = taken.get(name) ?? this.#named(name)
    if (existing) return existing
    const found = candidates.find(({ alias }) => alias === name)
    if (found && !onTheWay.has(name)) {
      // A list of jumps says the whole way; the file's own way of the first one counts otherwise.
      const id = this.#take(before ? { ...found, jumps: [] } : found, candidates, taken, onTheWay)
      if (before) this.#through(id, before)
      return id
    }
    const { user = this.#user, address, port } = parseJump(name)
    const ssh = SshSettings.parse({ address, port, user, jump: before })
    const id = this.#hosts.add({ name, tags: [], isAutomatic: false, ssh })
    taken.set(name, id)
    return id
  }

  #through(id: HostId, jump: HostId): void {
    const { name, tags, isAutomatic, ssh } = this.#book.get(id)
    this.#hosts.edit(id, { name: name.en, tags: [...tags], isAutomatic, ssh: { ...ssh, jump } })
  }

  #named(name: string): HostId | null {
    return this.#book.list().find((record) => record.name.en === name)?.id ?? null
  }
}

/** `[user@]address[:port]`, also as `ssh://…`. */
function parseJump(text: string): { user?: string; address: string; port: number } {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?\/?$/.exec(text)
  const address = (match?.[2] ?? text).replace(/^\[|\]$/g, '')
  return { ...(match?.[1] ? { user: match[1] } : {}), address, port: Number(match?.[3] ?? 22) }
}
