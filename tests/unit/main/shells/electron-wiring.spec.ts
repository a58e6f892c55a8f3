import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { implement } from '#engine/rpc/serve.ts'
import { call, topic } from '#engine/rpc/topic.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { newElectron } from '../../../fixtures/fakes/electron.ts'

const echo = topic('echo', { say: call(z.object({ text: z.string() }), z.object({ text: z.string() })) })

let fake: ReturnType<typeof newElectron>
let saved: unknown[]
let disposed: number
let signals: [string, (...all: unknown[]) => void][]

beforeEach(async () => {
  fake = newElectron()
  saved = []
  disposed = 0
  signals = []
  vi.resetModules()
  vi.doMock('electron', () => fake.electron)
  vi.doMock('#main/bootstrap.ts', () => ({
    bootstrap: () => ({
      services: [implement(echo, { say: ({ text }) => ({ text }) })],
      log: { error: () => undefined, warn: () => undefined, info: () => undefined },
      windowState: { load: () => null, save: (state: unknown) => saved.push(state) },
      stopJobsUnlessKept: () => Promise.resolve(),
      [Symbol.dispose]: () => void disposed++,
    }),
  }))
  vi.spyOn(process, 'on').mockImplementation((name, listener) => {
    signals.push([String(name), listener as never])
    return process
  })
  await import('#main/shells/electron.ts')
  await settle()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.doUnmock('electron')
  vi.doUnmock('#main/bootstrap.ts')
})

const window = () => fake.windows[0]!
const sender = () => ({ sender: window().webContents, senderFrame: window().webContents.mainFrame })
const ask = (text: string) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'echo.say', params: { input: { text } } })
const answers = () => window().webContents.sent.map(([channel, text]) => [channel, JSON.parse(text)])

describe('the desktop shell', () => {
  it('opens one sandboxed window on its own origin, shown when it is drawn', () => {
    expect(fake.windows).toHaveLength(1)
    expect(window().loaded).toBe('app://workbench/')
    expect(window().options).toMatchObject({
      show: false,
      webPreferences: {
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
        preload: expect.stringMatching(/dist.preload.index\.cjs$/),
      },
    })
    expect(fake.app.isSandboxed).toBe(true)
    expect(fake.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
    ])
    expect(window().isShown).toBe(false)
    window().emit('ready-to-show')
    expect(window().isShown).toBe(true)
  })

  it('answers the contract to its own page', async () => {
    fake.ipcMain.emit('workbench', sender(), ask('你好'))
    await settle()
    expect(answers()).toMatchObject([['workbench', { id: 1, result: { text: '你好' } }]])
  })

  it('answers no frame inside the page, and no other page', async () => {
    fake.ipcMain.emit('workbench', { ...sender(), senderFrame: { url: 'app://workbench/' } }, ask('a'))
    fake.ipcMain.emit('workbench', { sender: {}, senderFrame: window().webContents.mainFrame }, ask('b'))
    await settle()
    expect(answers()).toEqual([])
  })

  it('gives each load of the page a connection of its own', async () => {
    fake.ipcMain.emit('workbench', sender(), 'no message')
    fake.ipcMain.emit('workbench', sender(), ask('closed'))
    await settle()
    expect(answers()).toEqual([])
    window().webContents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false })
    fake.ipcMain.emit('workbench', sender(), ask('open again'))
    await settle()
    expect(answers()).toMatchObject([['workbench', { result: { text: 'open again' } }]])
  })

  it('goes nowhere else, and opens links outside', () => {
    const event = (url: string) => ({ url, preventDefault: vi.fn() })
    for (const name of ['will-navigate', 'will-redirect']) {
      const away = event('https://evil.example/')
      window().webContents.emit(name, away)
      expect(away.preventDefault).toHaveBeenCalled()
      const home = event('app://workbench/')
      window().webContents.emit(name, home)
      expect(home.preventDefault).not.toHaveBeenCalled()
    }
    const open = fake.handlers['windowOpen'] as unknown as (details: { url: string }) => unknown
    expect(open({ url: 'https://www.hiascend.com/' })).toEqual({ action: 'deny' })
    expect(open({ url: 'file:///etc/passwd' })).toEqual({ action: 'deny' })
    expect(fake.external).toEqual(['https://www.hiascend.com/'])
  })

  it('refuses permissions and devices', () => {
    const check = fake.handlers['permissionCheck'] as unknown as (contents: unknown, name: string) => boolean
    expect(check(window().webContents, 'media')).toBe(false)
    expect(check(null, 'clipboard-sanitized-write')).toBe(false)
    expect(check(window().webContents, 'clipboard-sanitized-write')).toBe(true)
    const answer = vi.fn()
    const request = fake.handlers['permissionRequest'] as unknown as (...all: unknown[]) => void
    request(window().webContents, 'geolocation', answer)
    expect(answer).toHaveBeenCalledWith(false)
    expect((fake.handlers['devicePermission'] as () => boolean)()).toBe(false)
  })

  it('remembers its window and ends in order', async () => {
    window().emit('close')
    expect(saved).toEqual([{ x: 1, y: 2, width: 1000, height: 700, isMaximized: true }])
    fake.app.emit('window-all-closed')
    await settle()
    expect(disposed).toBe(1)
    expect(fake.app.hasQuit).toBe(true)
  })
})
