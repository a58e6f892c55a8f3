import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const root = new URL('../..', import.meta.url).pathname

/** Where Debian and common desktops keep the browser; null where there is none. */
export const chromiumPath =
  [process.env.AWB_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(
    (path): path is string => path !== undefined && existsSync(path),
  ) ?? null

export const noBrowser = 'no Chromium on this machine (apt-get install chromium)'

/** State and workspace of one test's workbench; outlives restarts of the shell. */
export class Home implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'awb-e2e-'))
  readonly workspace = join(this.folder, 'workspace')
  readonly state = join(this.folder, 'state');

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The browser shell as `npm start -- --browser` runs it, on a free port. */
export class Shell implements AsyncDisposable {
  /** Good for one use. */
  readonly url: string
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, url: string) {
    this.process = child
    this.#lines = lines
    this.url = url
  }

  /** `env` is added to the environment of the shell. */
  static async start(home: Home, env: Record<string, string> = {}): Promise<Shell> {
    const child = spawn(process.execPath, ['dist/main/browser.js', '--no-open', '--print-url-json'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, AWB_HOME: home.state, AWB_WORKSPACE: home.workspace, ...env },
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    return new Shell(child, lines, await nextUrl(lines))
  }

  /** Another link: the shell prints one for each line that it reads. */
  async newUrl(): Promise<string> {
    this.process.stdin?.write('\n')
    return nextUrl(this.#lines)
  }

  /** As a crash would: no chance to tidy up. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    this.process.kill('SIGINT')
    await once(this.process, 'exit')
  }
}

async function nextUrl(lines: AsyncIterator<string>): Promise<string> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error('the shell ended before it printed its address')
    if (value.startsWith('{')) return (JSON.parse(value) as { url: string }).url
  }
}

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export interface Look {
  readonly theme: 'light' | 'dark'
  readonly locale: 'en' | 'zh-CN'
  readonly width?: number
  readonly height?: number
}

/** A page of the workbench; every error on its console is collected. */
export async function openPage(
  browser: Browser,
  url: string,
  look: Look,
): Promise<{ page: Page; context: BrowserContext; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.theme,
    locale: look.locale,
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.goto(url)
  return { page, context, errors }
}

const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Serious and critical violations of the page as it is, one line each. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate((await import('node:fs')).readFileSync(axeSource, 'utf8'))
  return page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } }).axe
    interface AxeViolation {
      id: string
      impact: string
      nodes: { target: string[] }[]
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`)
  })
}
