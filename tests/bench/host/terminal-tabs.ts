import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { terminals } from '#contract/index.ts'
import { chromiumPath, noBrowser, openPage } from '../../e2e/workbench.ts'
import { until } from '../../fixtures/until.ts'
import type { SshLab } from '../../hosts/sshd.ts'
import { memoryOf, processTree } from './processes.ts'
import { mebibytes, printTable, quantile, timed } from './report.ts'
import { BenchWorkbench } from './workbench.ts'

const FLOOD_LINES = 240_000
const IDLE_TABS = 6
const INTERRUPTS = 5
/** Terminals of a host behind an OpenSSH server: how fast they are drawn, how soon they obey, what they cost while idle. */
export async function terminalTabs(lab: SshLab): Promise<void> {
  const flood = join(lab.folder, 'flood')
  const bytes = writeFlood(flood)
  const perSecond = (ms: number) => `${(bytes / 1e6 / (ms / 1000)).toFixed(1)} MB/s`
  await using workbench = await BenchWorkbench.start(lab, 1)
  const rows: string[][] = []
  rows.push(['cat of a log, to the border of the page, not drawn', perSecond(await undrawn(workbench, flood))])
  if (chromiumPath === null) console.log(`Left out what needs a page: ${noBrowser}`)
  else {
    // Without WebGL xterm.js draws with elements: slower, the same on every machine, and what is drawn can be read.
    const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-3d-apis'] })
    try {
      const { page } = await openPage(browser, await workbench.shell.newUrl(), { theme: 'dark', locale: 'en' })
      page.setDefaultTimeout(120_000)
      const tabs = await Tabs.open(page, workbench)
      const drawn = await timed(() => tabs.run(`cat '${flood}'`))
      rows.push(['cat of a log, drawn in Chromium by xterm.js without WebGL', perSecond(drawn)])
      const interrupts: number[] = []
      for (let time = 0; time < INTERRUPTS; time++) interrupts.push(await tabs.interrupt())
      rows.push(['Ctrl-C during yes, key to prompt on screen, median', `${quantile(interrupts).toFixed(0)} ms`])
      rows.push(['Ctrl-C during yes, slowest', `${Math.max(...interrupts).toFixed(0)} ms`])
      rows.push(...(await tabs.costOfIdle()))
    } finally {
      await browser.close()
    }
  }
  printTable('Terminals', ['what', 'figure'], rows)
}

/** Lines as logs of trainings have them, with colours. Answers the bytes that a terminal makes of them. */
function writeFlood(path: string): number {
  const line = (step: number) =>
    `\u001b[32m[2026-01-01 00:00:${step % 60}]\u001b[0m iteration ${step}/240000 | lm loss: ${(9 / (1 + step)).toExponential(6)} | grad norm: 0.${step}`
  const text = Array.from({ length: FLOOD_LINES }, (_, step) => `${line(step)}\n`).join('')
  writeFileSync(path, text)
  // Each line ends with a carriage return, too, on its way through the terminal.
  return text.length + FLOOD_LINES
}

/** Milliseconds until the last byte of a file has come through a terminal, with a reader that throws it away. */
async function undrawn({ contract, hosts }: BenchWorkbench, flood: string): Promise<number> {
  const [host] = hosts
  if (!host) throw new Error('no host')
  const client = contract.topic(terminals)
  const { id } = await client.open({ host, columns: 120, rows: 40, container: null })
  const input = (text: string) => client.input({ host, id, data: Buffer.from(text).toString('base64') })
  const reading = new AbortController()
  let tail = ''
  const ended = (async () => {
    for await (const { data } of client.output({ host, id, from: 0 }, { signal: reading.signal })) {
      tail = (tail + Buffer.from(data, 'base64').toString('latin1')).slice(-200)
      if (tail.includes('end-of-2')) return
    }
  })()
  const ms = await timed(async () => {
    await input(`cat '${flood}'; echo end-of-$((1+1))\n`)
    await ended
  })
  reading.abort()
  await client.close({ host, id })
  return ms
}

/** The terminals of a host in its page. */
class Tabs {
  readonly #page: Page
  readonly #workbench: BenchWorkbench
  #runs = 0

  private constructor(page: Page, workbench: BenchWorkbench) {
    this.#page = page
    this.#workbench = workbench
  }

  static async open(page: Page, workbench: BenchWorkbench): Promise<Tabs> {
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId(`details-${workbench.hosts[0]}`).click()
    await page.locator('label:visible', { hasText: 'Terminals' }).first().click()
    const tabs = new Tabs(page, workbench)
    await tabs.add()
    await tabs.run('PS1="ready> "')
    return tabs
  }

  async add(): Promise<void> {
    const screens = this.#page.locator('.xterm-helper-textarea')
    const before = await screens.count()
    await this.#page.getByTestId('terminal-open').click()
    await until(async () => (await screens.count()) > before || undefined, 'another terminal')
    await this.#page.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' })
  }

  /** Resolves when what the command printed last is on the screen. */
  async run(command: string): Promise<void> {
    const mark = `end-${++this.#runs}-of`
    await this.#page.keyboard.type(`${command}; echo ${mark}-$((1+1))\n`)
    await this.#shows(`${mark}-2`)
  }

  /** Milliseconds from Ctrl-C to the prompt, while `yes` floods the screen. */
  async interrupt(): Promise<number> {
    const word = `flood-${++this.#runs}`
    await this.#page.keyboard.type(`yes ${word}\n`)
    // Until nothing else is on the screen, the prompt of before in particular.
    await this.#shows(`${word}\n${word}`, 'ready>')
    return await timed(async () => {
      await this.#page.keyboard.press('Control+C')
      await this.#shows('ready>')
    })
  }

  /** What each of several terminals adds that show a prompt and do nothing. */
  async costOfIdle(): Promise<string[][]> {
    const before = await this.#memory()
    for (let tab = 0; tab < IDLE_TABS; tab++) {
      await this.add()
      await this.run('true')
    }
    const after = await this.#memory()
    const each = (part: keyof typeof before) => `${mebibytes((after[part] - before[part]) / IDLE_TABS)} MiB`
    return [
      ['memory of an idle terminal on the host: keeper, pseudo-terminal, shell', each('host')],
      ['memory of an idle terminal in the page (JavaScript)', each('page')],
      ['memory of an idle terminal in main', each('main')],
    ]
  }

  async #memory(): Promise<{ host: number; page: number; main: number }> {
    const session = await this.#page.context().newCDPSession(this.#page)
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    await session.detach()
    const [dir = ''] = this.#workbench.engineDirs
    const keepers = processTree((line) => line.includes(` terminal ${dir}/terminals/`))
    const host = keepers.reduce((sum, pid) => sum + memoryOf(pid).pss, 0)
    return { host, page: usedSize, main: memoryOf(this.#workbench.pid).pss }
  }

  /** Resolves when the terminal that has the focus shows one text, and another one not any more. */
  async #shows(text: string, not = ''): Promise<void> {
    await this.#page.waitForFunction(
      ([wanted, unwanted]) => {
        const { activeElement } = (globalThis as unknown as { document: { activeElement: PageElement | null } })
          .document
        const rows = activeElement?.closest('.xterm')?.querySelector('.xterm-rows')?.children ?? []
        const lines = [...rows].map(({ textContent }) => (textContent ?? '').replaceAll('\u00a0', ' ').trimEnd())
        const shown = lines.join('\n')
        return shown.includes(wanted) && (unwanted === '' || !shown.includes(unwanted))
      },
      [text, not] as const,
    )
  }
}

/** As much of the page's elements as is used here; these files are not checked as those of a page. */
interface PageElement {
  readonly textContent: string | null
  readonly children: Iterable<PageElement>
  closest(selector: string): PageElement | null
  querySelector(selector: string): PageElement | null
}
