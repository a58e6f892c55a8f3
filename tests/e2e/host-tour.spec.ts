import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_IMAGE, DemoMachines } from '../hosts/demo-machines.ts'
import { noContainers, noMachine } from '../hosts/machine/machine.ts'
import { releases } from '../hosts/machine/packages.ts'
import {
  addHost,
  chooseHost,
  examine,
  isReady,
  letIn,
  onScreen,
  openPart,
  openTerminal,
  outputOf,
  pickFile,
  runIs,
  setAddresses,
  startRun,
  terminalText,
  typeLine,
  withoutWebgl,
} from './host-tour.ts'
import { choose, fill, openPanel } from './panels.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

const missing = noMachine() ?? (chromiumPath ? null : noBrowser)
const noDocker = noContainers()
const PATIENCE = { timeout: 60_000 }
const PASSWORD = 'correct horse'
const addresses = { gate: '127.0.0.30', 'npu-01': '127.0.0.31', 'npu-02': '127.0.0.32' } as const

describe.skipIf(missing !== null)(`NPU hosts from nothing to work${missing ? ` (${missing})` : ''}`, () => {
  let machines: DemoMachines
  let home: Home
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    machines = await DemoMachines.start({
      addresses,
      password: PASSWORD,
      pace: 0,
      withImage: ['npu-02'],
      node: process.execPath,
    })
    home = new Home()
    shell = await Shell.start(home, { HOME: home.folder })
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    page = opened.page
    errors = opened.errors
    page.setDefaultTimeout(90_000)
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await opened.context.addInitScript(withoutWebgl)
    await page.reload()
  })

  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    await machines[Symbol.asyncDispose]()
    expect(errors).toEqual([])
  })

  const accessible = async () => expect(await seriousViolations(page)).toEqual([])

  it('adds hosts by address and password, one behind the other, and accepts their keys', async () => {
    const { gate, first, second } = {
      gate: machines.of('gate'),
      first: machines.of('npu-01'),
      second: machines.of('npu-02'),
    }
    await addHost(page, gate)
    await addHost(page, first, 'gate')
    await addHost(page, second, 'gate')
    await page.getByTestId('connect-npu-01').click()
    await letIn(page, gate, PASSWORD)
    await letIn(page, first, PASSWORD)
    await page.getByTestId('connect-npu-02').click()
    await letIn(page, second, PASSWORD)
    await isReady(page, 'npu-01')
    await isReady(page, 'npu-02')
    await accessible()
  })

  it('is told what is wrong, and takes the report along', async () => {
    await openPart(page, 'npu-02', 'overview')
    const finding = await examine(page)
    expect(await finding('npu-bus')).toContain('8 × 910B')
    expect(await finding('driver')).toContain('Install the driver, then the firmware.')
    await page.getByRole('button', { name: 'Copy the report as Markdown' }).click()
    const report = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(report).toMatch(/^# /)
    expect(report).toContain('No driver is installed.')
    await accessible()
  })

  it('installs driver and firmware on a new host, restarts it, and finds it in order', async () => {
    await chooseHost(page, 'npu-02')
    await openPanel(page, 'telechat2', 'setup', 'driver')
    await pickFile(page, 'driver', machines.packages.driver)
    await pickFile(page, 'firmware', machines.packages.firmware)
    await startRun(page)
    await runIs(page, 'restart')
    await (await outputOf(page, 'driver')).getByText('Driver package installed successfully!').waitFor()
    await (await outputOf(page, 'firmware')).getByText('Firmware package installed successfully!').waitFor()
    await restartFor()
    await runIs(page, 'succeeded')
    await openPart(page, 'npu-02', 'overview')
    const finding = await examine(page)
    expect(await finding('npu-smi')).toContain('8 × 910B3')
    expect(await finding('driver')).toContain(releases.driver.version)
    expect(await finding('firmware')).toContain(releases.firmware.version)
  })

  it.skipIf(noDocker !== null)(`starts a container with eight cards${noDocker ? ` (${noDocker})` : ''}`, async () => {
    await openPanel(page, 'telechat2', 'setup', 'container')
    await fill(page, { image: DEMO_IMAGE, name: 'telechat' })
    await choose(page, 'access', 'Single device nodes')
    await startRun(page)
    await runIs(page, 'succeeded')
    await (await outputOf(page, 'show')).getByText('State: running').waitFor()
    await (await outputOf(page, 'verify')).getByText('All checks passed').waitFor()
  })

  it.skipIf(noDocker !== null)('works in that container, and sees its process on the card', async () => {
    await openPart(page, 'npu-02', 'terminals')
    await openTerminal(page, 'telechat')
    await typeLine(page, 'npu-smi info | grep -c 910B3; exec 5< /dev/davinci6')
    await expect.poll(() => terminalText(page), PATIENCE).toMatch(/^8$/m)
    await openPart(page, 'npu-02', 'npus')
    await onScreen(page, 'npu-7/0').waitFor()
    await onScreen(page, 'npu-6/0').getByText('1 process').waitFor()
    const card = await onScreen(page, 'npu-6/0').innerText()
    await expect.poll(() => onScreen(page, 'npu-6/0').innerText(), PATIENCE).not.toBe(card)
    await accessible()
  })

  it('uploads a folder, byte for byte', async () => {
    const folder = join(home.folder, 'corpus')
    mkdirSync(join(folder, 'part'), { recursive: true })
    writeFileSync(join(folder, 'one.bin'), Buffer.alloc(3_000_000, 'one'))
    writeFileSync(join(folder, 'part', '二.txt'), '第二份\n')
    await openPart(page, 'npu-02', 'files')
    await page.getByRole('button', { name: 'Upload a folder of this computer' }).click()
    const browser = page.getByTestId('file-browser')
    await browser.getByRole('button', { name: 'corpus' }).click()
    await browser.getByRole('button', { name: 'Choose this folder' }).click()
    await page.locator('[data-testid=transfer][data-state=done]').waitFor()
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, 'one.bin')))
      .update('第二份\n')
      .digest('hex')
    await openPart(page, 'npu-02', 'terminals')
    await openTerminal(page)
    await typeLine(page, 'cd "$(find ~ -type d -name corpus)" && cat one.bin part/*.txt | sha256sum')
    await expect.poll(() => terminalText(page), PATIENCE).toContain(sum)
  })

  it('overwrites driver and firmware of a host at work, once its work has ended', async () => {
    await chooseHost(page, 'npu-01')
    await openPanel(page, 'telechat2', 'setup', 'driver')
    await choose(page, 'action', 'Overwrite')
    await pickFile(page, 'driver', machines.packages.driver)
    await pickFile(page, 'firmware', machines.packages.firmware)
    await startRun(page)
    await runIs(page, 'failed')
    await (await outputOf(page, 'prepare')).getByText('Processes use the NPUs').waitFor()
    await openPart(page, 'npu-01', 'terminals')
    await openTerminal(page)
    await typeLine(page, 'fuser -k /dev/davinci[0-9]*')
    await page.getByTestId('activity-runs').click()
    await page.getByTestId('runs-table').locator('tbody button').first().click()
    await onScreen(page, 'run-rerun').click()
    await runIs(page, 'restart')
    await (await outputOf(page, 'firmware')).getByText('Firmware package installed successfully!').waitFor()
    await (await outputOf(page, 'driver')).getByText('Reboot needed').waitFor()
    await restartFor()
    await runIs(page, 'succeeded')
    await openPart(page, 'npu-01', 'overview')
    const finding = await examine(page)
    expect(await finding('driver')).toContain(releases.driver.version)
    expect(await finding('firmware')).toContain(releases.firmware.version)
    expect(await finding('npu-smi')).toContain('8 × 910B3')
    await openPart(page, 'npu-01', 'npus')
    await onScreen(page, 'npu-3/0').getByText('python3').waitFor()
  })

  it('makes one rank table of both hosts, and lays it on them', async () => {
    await openPart(page, 'npu-02', 'terminals')
    await openTerminal(page)
    await typeLine(page, setAddresses)
    await expect.poll(() => terminalText(page), PATIENCE).toMatch(/^set$/m)
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('rank-tables-open').click()
    await page.getByTestId('rank-table-all').click()
    // Addresses of loopback are warned about.
    for (const [name, address] of Object.entries({ 'npu-01': '10.0.0.1', 'npu-02': '10.0.0.2' }))
      await page.getByTestId(`rank-address-${name}`).locator('input').fill(address)
    await page.getByTestId('rank-table-fine').waitFor()
    expect(await page.getByTestId('rank-table-facts').innerText()).toBe('2 servers, 16 ranks')
    const table = JSON.parse(await page.getByTestId('rank-table-text').innerText()) as RankTable
    const devices = table.server_list.flatMap(({ device }) => device)
    expect(devices.map(({ rank_id }) => Number(rank_id))).toEqual(Array.from({ length: 16 }, (_, rank) => rank))
    expect([devices[0], devices[8]].map((device) => device?.device_ip)).toEqual(['10.20.11.1', '10.20.11.11'])
    await page.getByTestId('rank-table-send').click()
    for (const name of ['npu-01', 'npu-02'])
      await page.locator(`[data-testid="rank-table-at-${name}"][data-state="written"]`).waitFor()
    await accessible()
  })

  /** Restarts the host that the run on screen waits for. */
  async function restartFor(): Promise<void> {
    await onScreen(page, 'run-restart-host').click()
    await page.getByTestId('confirm').click()
  }
})

interface RankTable {
  readonly server_list: { readonly device: { readonly device_ip: string; readonly rank_id: string }[] }[]
}
