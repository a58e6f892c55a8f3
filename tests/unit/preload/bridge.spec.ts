import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

interface Bridge {
  post(text: unknown): void
  onMessage(listener: (text: string) => void): () => void
}

let sent: [string, unknown][]
let exposed: Record<string, Bridge>
let ipcRenderer: EventEmitter & { send: (channel: string, text: unknown) => void }

beforeEach(async () => {
  sent = []
  exposed = {}
  ipcRenderer = Object.assign(new EventEmitter(), {
    send: (channel: string, text: unknown) => void sent.push([channel, text]),
  })
  vi.resetModules()
  vi.doMock('electron', () => ({
    ipcRenderer,
    contextBridge: { exposeInMainWorld: (name: string, value: Bridge) => void (exposed[name] = value) },
  }))
  await import('../../../preload/index.ts')
})
afterEach(() => vi.doUnmock('electron'))

const bridge = () => exposed['workbenchBridge']!
const receive = (frame: unknown) => ipcRenderer.emit('workbench', { sender: 'never shown' }, frame)

describe('the bridge', () => {
  it('is all that the page gets, and frozen', () => {
    expect(Object.keys(exposed)).toEqual(['workbenchBridge'])
    expect(Object.keys(bridge())).toEqual(['post', 'onMessage'])
    expect(Object.isFrozen(bridge())).toBe(true)
  })

  it('posts texts of a sane size, nothing else', () => {
    bridge().post('{}')
    expect(sent).toEqual([['workbench', '{}']])
    expect(() => bridge().post({})).toThrow(TypeError)
    expect(() => bridge().post('x'.repeat(4 * 1024 * 1024 + 1))).toThrow(TypeError)
    expect(sent).toHaveLength(1)
  })

  it('hands over texts in order, those that came early too, and never the event', () => {
    receive('1')
    receive({ no: 'text' })
    const got: unknown[][] = []
    const off = bridge().onMessage((...all) => got.push(all))
    receive('2')
    off()
    receive('3')
    expect(got).toEqual([['1'], ['2']])
  })
})
