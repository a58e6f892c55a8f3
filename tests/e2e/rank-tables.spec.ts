import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Machine, noMachine } from '../hosts/machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { addHost, isReady, letIn, onScreen } from './host-tour.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

const missing = noMachine() ?? (chromiumPath ? null : noBrowser)
const PASSWORD = 'correct horse'
const PATIENCE = { timeout: 60_000 }

describe.skipIf(missing !== null)(`two NPU hosts${missing ? ` (${missing})` : ''}`, () => {
  let packages: string
  let machines: Machine[]
  let home: Home
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    packages = mkdtempSync(join(tmpdir(), 'awb-packages-'))
    const install = [writeDriverPackage(packages, releases.driver), writeFirmwarePackage(packages, releases.firmware)]
    const all = { chips: 8, install, password: PASSWORD, node: process.execPath }
    const node = 'ln -sf /opt/node /usr/local/bin/node'
    const ill = 'printf "health_5=Alarm\\necc_6=2\\n" > /etc/ascend-demo/faults'
    machines = await Promise.all([
      Machine.start({ ...all, name: 'npu-01', address: '127.0.0.41', npuNetwork: '10.20.11', eachStart: node }),
      Machine.start({
        ...all,
        name: 'npu-02',
        address: '127.0.0.42',
        npuNetwork: '10.20.12',
        eachStart: `${node}\n${ill}`,
      }),
    ])
    home = new Home()
    shell = await Shell.start(home, { HOME: home.folder })
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    page = opened.page
    errors = opened.errors
    page.setDefaultTimeout(90_000)
    for (const machine of machines) {
      await addHost(page, machine)
      await page.getByTestId(`connect-${machine.name}`).click()
      await letIn(page, machine, PASSWORD)
    }
    for (const { name } of machines) await isReady(page, name)
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
    rmSync(packages, { recursive: true })
  })

  const servers = async (): Promise<string[]> => {
    const text = await onScreen(page, 'rank-table-text').innerText()
    return (JSON.parse(text) as { server_list: { server_id: string }[] }).server_list.map(({ server_id }) => server_id)
  }
  const node = (name: string) => onScreen(page, `rank-node-${name}`)

  it('make one rank table, in the order of the nodes, which lies on both in the end', async () => {
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('rank-tables-open').click()
    await onScreen(page, 'rank-table-all').click()
    await expect.poll(servers, PATIENCE).toEqual(['127.0.0.41', '127.0.0.42'])
    await node('npu-02').getByRole('button', { name: 'Move npu-02 up' }).press('Enter')
    await expect.poll(servers, PATIENCE).toEqual(['127.0.0.42', '127.0.0.41'])
    for (const [index, name] of ['npu-01', 'npu-02'].entries()) {
      await onScreen(page, `rank-address-${name}`)
        .locator('input')
        .fill(`10.0.0.${index + 1}`)
    }
    await expect.poll(servers, PATIENCE).toEqual(['10.0.0.2', '10.0.0.1'])
    expect(await onScreen(page, 'rank-table-findings').innerText()).toContain('different subnets without a gateway')
    expect(await seriousViolations(page)).toEqual([])
    const table = JSON.parse(await onScreen(page, 'rank-table-text').innerText()) as object
    await onScreen(page, 'rank-table-send').click()
    for (const { name } of machines) {
      await page.locator(`[data-testid="rank-table-at-${name}"][data-state="written"]`).waitFor()
    }
    const saved = page.waitForEvent('download')
    await onScreen(page, 'rank-table-save').click()
    const download = await saved
    expect(download.suggestedFilename()).toBe('hccl_2s_16p.json')
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual(table)
  })

  it('stand on one board, the ill one with its alerts', async () => {
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('npu-board-open').click()
    const ill = onScreen(page, 'board-npu-02')
    await ill.getByText('NPU 5 reports Alarm').waitFor()
    await ill.getByText('NPU 6 has 2 memory errors').waitFor()
    await onScreen(page, 'board-only-ill').click()
    await onScreen(page, 'board-npu-01').waitFor({ state: 'detached' })
    expect(await seriousViolations(page)).toEqual([])
    await ill.getByRole('button', { name: 'npu-02' }).click()
    await onScreen(page, 'npu-alerts').waitFor()
  })

  it('go on recording when it is turned on', async () => {
    await onScreen(page, 'recording-switch').click()
    await onScreen(page, 'recording-facts').waitFor()
    expect(await onScreen(page, 'recording-facts').innerText()).toContain('1 sample since')
    await onScreen(page, 'recording-switch').click()
    await page.locator('[data-testid="recording-switch"][aria-checked="false"]:visible').waitFor()
    expect(errors).toEqual([])
  })
})
