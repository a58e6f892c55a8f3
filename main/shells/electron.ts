/** `electron .`: the desktop app. Only wiring: what can be decided without Electron is decided in ./electron/. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { app, BrowserWindow, ipcMain, nativeTheme, protocol, safeStorage, screen, session, shell } from 'electron'
import '#engine/rpc/node.ts'
import { serve } from '#engine/rpc/serve.ts'
import { bootstrap, type App } from '../bootstrap.ts'
import { programRoot } from '../paths.ts'
import { logCrashes } from './crash-log.ts'
import { APP_SCHEME, APP_URL, appPath } from './electron/app-url.ts'
import { FRAME_CHANNEL, FrameTransport } from './electron/frame-transport.ts'
import { safeStorageKeychain } from './electron/keychain.ts'
import { externalUrl, mayNavigate } from './electron/navigation.ts'
import { mayUse } from './electron/permissions.ts'
import { answerAppRequest } from './electron/protocol.ts'
import { restoredBounds, type WindowState } from './electron/window-state.ts'
import { createFamilies } from './families.ts'
import { processEnv } from './process-env.ts'

/** The window's colour until the page has drawn itself; the page's own background in both themes. */
const BACKGROUND = { light: '#ffffff', dark: '#18181c' }

const root = programRoot()
const rendererDir = join(root, 'dist', 'renderer')
const development = app.isPackaged ? undefined : process.env['AWB_RENDERER_URL']
const developmentOrigin = development === undefined ? undefined : new URL(development).origin
const isOurs = (url: string) =>
  developmentOrigin === undefined ? appPath(url) !== null : URL.parse(url)?.origin === developmentOrigin

protocol.registerSchemesAsPrivileged([
  { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
])
app.enableSandbox()
if (app.requestSingleInstanceLock()) void start()
else app.quit()

async function start(): Promise<void> {
  await app.whenReady()
  const workbench = bootstrap({
    ...processEnv('electron', createFamilies),
    systemLocale: app.getPreferredSystemLanguages()[0] ?? app.getLocale(),
    keychain: safeStorageKeychain(safeStorage, process.platform),
    showFolder: async (path) => (await shell.openPath(path)) === '',
  })
  logCrashes(workbench.log)
  guardSession()
  protocol.handle(APP_SCHEME, (request) => answerAppRequest(request, rendererDir))
  const window = openWindow(workbench)
  app.on('second-instance', () => {
    if (window.isMinimized()) window.restore()
    window.focus()
  })
  endInOrder(workbench)
}

function guardSession(): void {
  session.defaultSession.setPermissionRequestHandler((contents, permission, answer) =>
    answer(mayUse(permission, contents.getURL(), developmentOrigin)),
  )
  session.defaultSession.setPermissionCheckHandler((contents, permission) =>
    mayUse(permission, contents?.getURL() ?? '', developmentOrigin),
  )
  session.defaultSession.setDevicePermissionHandler(() => false)
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!mayNavigate(event.url, developmentOrigin)) event.preventDefault()
    })
    contents.on('will-redirect', (event) => {
      if (!mayNavigate(event.url, developmentOrigin)) event.preventDefault()
    })
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      const external = externalUrl(url)
      if (external !== null) void shell.openExternal(external)
      return { action: 'deny' }
    })
  })
}

function openWindow(workbench: App): BrowserWindow {
  const areas = screen.getAllDisplays().map(({ workArea }) => workArea)
  const { isMaximized, ...bounds } = restoredBounds(workbench.windowState.load(), areas)
  const icon = join(root, 'resources', 'icons', 'icon.png')
  const window = new BrowserWindow({
    ...bounds,
    ...(existsSync(icon) ? { icon } : {}),
    show: false,
    minWidth: 640,
    minHeight: 400,
    autoHideMenuBar: true,
    title: 'Ascend Workbench',
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: join(root, 'dist', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => {
    if (isMaximized) window.maximize()
    window.show()
  })
  window.on('close', () => workbench.windowState.save(stateOf(window)))
  servePage(window, workbench)
  void window.loadURL(development ?? APP_URL)
  return window
}

/** Each load of the page gets a connection of its own; the one before ends with its page. */
function servePage(window: BrowserWindow, workbench: App): void {
  const { webContents } = window
  let transport: FrameTransport | null = null
  const close = () => {
    transport?.[Symbol.dispose]()
    transport = null
  }
  const open = () => {
    close()
    transport = new FrameTransport((text) => {
      if (!webContents.isDestroyed()) webContents.send(FRAME_CHANNEL, text)
    }, isOurs)
    serve(transport, workbench.services)
  }
  open()
  webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (isMainFrame && !isSameDocument) open()
  })
  webContents.on('render-process-gone', (_event, { reason }) => {
    workbench.log.error('page.gone', { reason })
    if (reason !== 'clean-exit') window.reload()
  })
  ipcMain.on(FRAME_CHANNEL, ({ sender, senderFrame }, frame: unknown) => {
    if (sender !== webContents || !senderFrame) return
    const from = { isTopFrame: senderFrame === webContents.mainFrame, url: senderFrame.url }
    if (transport && !transport.receive(from, frame)) workbench.log.warn('page.frameRefused', from)
  })
  window.on('closed', close)
}

function stateOf(window: BrowserWindow): WindowState {
  return { ...window.getNormalBounds(), isMaximized: window.isMaximized() }
}

/** The window decides about the program on every system: there is nothing to do without one. */
function endInOrder(workbench: App): void {
  let isDone = false
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    if (isDone) return
    event.preventDefault()
    void workbench.stopJobsUnlessKept().finally(() => {
      isDone = true
      workbench[Symbol.dispose]()
      app.quit()
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit())
}
