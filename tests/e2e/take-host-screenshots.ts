import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { DEMO_IMAGE, DemoMachines } from '../hosts/demo-machines.ts'
import {
  addHost,
  chooseAt,
  chooseHost,
  examine,
  fillHost,
  isReady,
  letIn,
  onScreen,
  openPart,
  openTerminal,
  runIs,
  setAddresses,
  startRun,
  typeLine,
  type HostPart,
} from './host-tour.ts'
import { fill } from './panels.ts'
import { activity, openFamilyPanel } from './screens.ts'
import { Home, openPage, Shell, type Look } from './workbench.ts'

const addresses = { gate: '127.0.0.33', 'npu-01': '127.0.0.34', 'npu-02': '127.0.0.35' } as const
const PASSWORD = 'correct horse'

/** Prepares two demo hosts as a person does, and photographs each screen of that way in every look. */
export async function photographHosts(browser: Browser, looks: readonly Look[], folder: string): Promise<void> {
  await using machines = await DemoMachines.start({
    addresses,
    password: PASSWORD,
    pace: 0,
    withImage: ['npu-02'],
    node: process.execPath,
  })
  using home = new Home()
  await using shell = await Shell.start(home, { HOME: home.folder })
  const pages: { page: Page; name: string }[] = []
  let url = shell.url
  for (const look of looks) {
    const { page } = await openPage(browser, url, look)
    pages.push({ page, name: `${look.theme}-${look.locale}.png` })
    url = await shell.newUrl()
  }
  /** What one page does all of them see; what is opened is opened in each. */
  const shot = async (title: string, open?: (page: Page) => Promise<unknown>) => {
    for (const { page, name } of pages) {
      await open?.(page)
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(folder, `${title}-${name}`) })
    }
  }
  const page = pages[0]?.page
  if (page === undefined) return
  const [gate, first, second] = [machines.of('gate'), machines.of('npu-01'), machines.of('npu-02')]
  const part = (host: string, name: HostPart) => (each: Page) => openPart(each, host, name)

  await addHost(page, gate)
  await shot('host-add', (each) => fillHost(each, first, 'gate'))
  for (const each of pages) await each.page.keyboard.press('Escape')
  await addHost(page, first, 'gate')
  await addHost(page, second, 'gate')
  await page.getByTestId('connect-npu-01').click()
  await page.getByTestId('question-fingerprint').waitFor()
  await shot('host-key')
  await page.getByTestId('question-answer').click()
  await page.getByTestId('question-field-0').waitFor()
  await shot('host-password')
  await page.getByTestId('question-field-0').fill(PASSWORD)
  await page.getByTestId('question-answer').click()
  await letIn(page, first, PASSWORD)
  await page.getByTestId('connect-npu-02').click()
  await letIn(page, second, PASSWORD)
  await isReady(page, 'npu-01')
  await isReady(page, 'npu-02')
  await shot('hosts', activity('hosts'))

  const examined = (host: string) => async (each: Page) => {
    await openPart(each, host, 'overview')
    await examine(each)
  }
  await shot('host-new', examined('npu-02'))
  await shot('setup-driver', async (each) => {
    await chooseHost(each, 'npu-02')
    await openFamilyPanel('setup', 'driver', 'telechat2')(each)
    await fill(each, { driver: machines.packages.driver, firmware: machines.packages.firmware })
  })
  await startRun(page)
  await runIs(page, 'restart')
  await shot('run-restart', latestRun)
  await onScreen(page, 'run-restart-host').click()
  await page.getByTestId('confirm').click()
  await runIs(page, 'succeeded')
  await shot('run-driver', latestRun)
  await shot('host-doctor', examined('npu-02'))

  await shot('setup-image', openFamilyPanel('setup', 'image', 'telechat2'))
  await shot('setup-container', async (each) => {
    await openFamilyPanel('setup', 'container', 'telechat2')(each)
    await fill(each, { image: DEMO_IMAGE, name: 'telechat' })
    await chooseAt(each, 'access', 0)
  })
  await startRun(page)
  await runIs(page, 'succeeded')
  await shot('run-container', latestRun)
  await openPart(page, 'npu-02', 'terminals')
  await openTerminal(page, 'telechat')
  await typeLine(page, 'npu-smi info')
  await page.waitForTimeout(1000)
  await shot('host-terminals', part('npu-02', 'terminals'))
  await shot('host-npus', async (each) => {
    await openPart(each, 'npu-01', 'npus')
    await onScreen(each, 'npu-7/0').waitFor()
  })
  await upload(page, home)
  await shot('host-files', part('npu-02', 'files'))
  for (const each of ['forwards', 'engine'] as const) await shot(`host-${each}`, part('npu-02', each))
  await openPart(page, 'npu-02', 'terminals')
  await openTerminal(page)
  await typeLine(page, setAddresses)
  await page.waitForTimeout(2000)
  await shot('rank-tables', async (each) => {
    await activity('hosts')(each)
    await each.getByTestId('rank-tables-open').click()
    const all = each.getByTestId('rank-table-all')
    await all.or(each.getByTestId('rank-table-text')).first().waitFor()
    if (await all.isVisible()) await all.click()
    await each.getByTestId('rank-table-text').waitFor()
  })
  await openPart(page, 'npu-02', 'terminals')
  await openTerminal(page)
  await typeLine(page, `printf 'health_5=Alarm\\ntemp_2=91\\necc_6=2\\n' > /etc/ascend-demo/faults`)
  await shot('npu-board', async (each) => {
    await activity('hosts')(each)
    await each.getByTestId('npu-board-open').click()
    await onScreen(each, 'board-npu-02')
      .getByText(/^NPU 5 /)
      .waitFor({ timeout: 60_000 })
  })
}

/** A folder of this computer into the folder on screen. */
async function upload(page: Page, home: Home): Promise<void> {
  const folder = join(home.folder, 'corpus')
  mkdirSync(folder)
  for (const name of ['train.jsonl', 'valid.jsonl', '说明.md'])
    writeFileSync(join(folder, name), `${name}\n`.repeat(40_000))
  await openPart(page, 'npu-02', 'files')
  await page.getByRole('button', { name: 'Upload a folder of this computer' }).click()
  const browser = page.getByTestId('file-browser')
  await browser.getByRole('button', { name: 'corpus' }).click()
  await browser.getByRole('button', { name: 'Choose this folder' }).click()
  await page.locator('[data-testid=transfer][data-state=done]').waitFor()
}

async function latestRun(page: Page): Promise<void> {
  await activity('runs')(page)
  await onScreen(page, 'runs-table').locator('tbody button').first().click()
  await onScreen(page, 'run-output').waitFor()
}
