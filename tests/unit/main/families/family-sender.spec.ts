import { beforeEach, describe, expect, it } from 'vitest'
import type { FamilyDefinition } from '#engine/protocol/family.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { HostId } from '#engine/protocol/ids.ts'
import type { Manifest } from '#engine/protocol/panel.ts'
import { Emitter } from '#main/emitter.ts'
import type { Engine } from '#main/engines/engine.ts'
import { FamilySender } from '#main/families/family-sender.ts'
import { Log } from '#main/log/log.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { harborManifest } from '../../../fixtures/plugins/harbor/manifest.ts'

/** An engine that keeps what it is told. */
class ListeningEngine {
  readonly host: HostId
  readonly told: string[][] = []
  readonly changes = new Emitter<{ state: string }>()
  status = { state: 'starting' }
  error: Error | null = null

  constructor(name: string) {
    this.host = HostId.parse(name)
  }

  onChange = (listener: (status: { state: string }) => void) => this.changes.on(listener)
  client = () =>
    Promise.resolve({
      set: ({ definitions }: { definitions: FamilyDefinition[] }) => {
        if (this.error) return Promise.reject(this.error)
        this.told.push(definitions.map(({ id }) => id))
        return Promise.resolve({ families: [], refused: [] })
      },
    })

  async become(state: string): Promise<void> {
    this.status = { state }
    this.changes.emit(this.status)
    await settle()
  }
}

let manifests: Manifest[]
let plugins: Emitter<void>
let lines: string[]
let sender: FamilySender
let near: ListeningEngine
const follow = (engine: ListeningEngine) => sender.follow(engine as unknown as Engine)

beforeEach(() => {
  manifests = [harborManifest]
  plugins = new Emitter()
  lines = []
  const log = new Log({ now: () => 0 } as never, { write: (line) => void lines.push(line) })
  sender = new FamilySender({ manifests: () => manifests, onChange: (listener) => plugins.on(listener) }, log)
  near = new ListeningEngine('near')
  follow(near)
})

describe('the families of plugins', () => {
  it('are told to an engine when both it and the plugins are ready, and not before', async () => {
    await near.become('ready')
    expect(near.told).toEqual([])
    plugins.emit()
    await settle()
    expect(near.told).toEqual([['harbor']])
    const late = new ListeningEngine('late')
    follow(late)
    await late.become('ready')
    expect(late.told).toEqual([['harbor']])
  })

  it('are told again when they change or the engine was away, and not without a reason', async () => {
    plugins.emit()
    await near.become('ready')
    plugins.emit()
    await near.become('ready')
    expect(near.told).toEqual([['harbor']])
    manifests = []
    plugins.emit()
    await settle()
    expect(near.told).toEqual([['harbor'], []])
    await near.become('reconnecting')
    await near.become('ready')
    expect(near.told).toEqual([['harbor'], [], []])
  })

  it('are not told to a host that is gone, nor after the end', async () => {
    plugins.emit()
    sender.forget(near.host)
    await near.become('ready')
    const other = new ListeningEngine('other')
    follow(other)
    sender[Symbol.dispose]()
    await other.become('ready')
    expect([near.told, other.told]).toEqual([[], []])
  })

  it('are told when the next reason comes where it failed, with a line in the log', async () => {
    plugins.emit()
    near.error = new AppError('internal', { reason: 'no such call' })
    await near.become('ready')
    expect(lines.join('\n')).toContain('families.notSent')
    near.error = null
    plugins.emit()
    await settle()
    expect(near.told).toEqual([['harbor']])
  })
})
