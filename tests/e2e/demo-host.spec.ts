import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Machine, noMachine } from '../hosts/machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

const missing = noMachine() ?? (chromiumPath ? null : noBrowser)
const password = 'correct horse'
/** Where pictures go; none are taken without it. */
const pictures = process.env['AWB_TEST_PICTURES']

describe.skipIf(missing !== null)(`an NPU host behind a jump host${missing ? ` (${missing})` : ''}`, () => {
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
    const gate = await Machine.start({ name: 'gate', address: '127.0.0.30', password })
    machines = [gate]
    const npu = await Machine.start({
      name: 'npu-01',
      address: '127.0.0.31',
      chips: 8,
      install,
      npuNetwork: '10.20.11',
      password,
      node: process.execPath,
      eachStart: 'ln -sf /opt/node /usr/local/bin/node',
    })
    machines.push(npu)
    home = new Home()
    mkdirSync(join(home.folder, '.ssh'))
    writeFileSync(
      join(home.folder, '.ssh', 'config'),
      `Host npu-01\n  HostName 127.0.0.31\n  Port ${npu.port}\n  ProxyJump gate\nHost gate\n  HostName 127.0.0.30\n  Port ${gate.port}\nHost *\n  User root\n`,
    )
    shell = await Shell.start(home, { HOME: home.folder })
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    page = opened.page
    page.setDefaultTimeout(90_000)
    errors = opened.errors
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('host-import').click()
    await page.getByTestId('import-npu-01').waitFor()
    await page.getByTestId('import-take').click()
  })

  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
    rmSync(packages, { recursive: true })
    expect(errors).toEqual([])
  })

  const part = (title: string) => page.locator('label:visible', { hasText: title }).first().click()
  const picture = async (name: string) => {
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `demo-host-${name}.png`) })
  }

  it('is reached by passwords, with both keys accepted, and gets its engine', async () => {
    await page.getByTestId('connect-npu-01').click()
    for (const name of ['gate', 'npu-01']) {
      await page.getByTestId('question').getByText(`Is this ${name}?`).waitFor()
      await page.getByTestId('question-answer').click()
      await page.getByTestId('question-field-0').fill(password)
      await page.getByTestId('question-answer').click()
    }
    await page.locator('[data-testid="host-npu-01"][data-link="ready"]').waitFor()
    await page.getByTestId('details-npu-01').click()
  })

  it('is examined', async () => {
    await page.getByTestId('examine').click()
    const finding = (id: string) => page.getByTestId(`doctor-${id}`).innerText()
    await page.getByTestId('doctor-npu-smi').waitFor()
    expect(await finding('npu-smi')).toContain('8 × 910B3')
    expect(await finding('driver')).toContain(releases.driver.version)
    expect(await finding('firmware')).toContain(releases.firmware.version)
    expect(await finding('hccn-links')).toContain('8 / 8 UP')
    await picture('doctor')
    expect(await seriousViolations(page)).toEqual([])
  })

  it('shows its eight NPUs live', async () => {
    await part('NPUs')
    await page.getByTestId('npu-7/0').waitFor()
    const before = await page.getByTestId('npu-0/0').innerText()
    expect(before).toContain('910B3')
    await expect.poll(() => page.getByTestId('npu-0/0').innerText(), { timeout: 90_000 }).not.toBe(before)
    await picture('npus')
    expect(await seriousViolations(page)).toEqual([])
  })

  it('forwards a port of this computer to what it can reach', async () => {
    const [, npu] = machines
    const fill = (testId: string, text: string) => page.getByTestId(testId).locator('input').fill(text)
    await part('Port forwards')
    await page.getByTestId('forward-add').click()
    await fill('forward-target', '127.0.0.31')
    await fill('forward-target-port', String(npu?.port))
    await fill('forward-name', 'ssh')
    await page.getByTestId('forward-automatic').click()
    await page.getByTestId('forward-save').click()
    const row = page.locator('[data-testid^="forward-"][data-state="open"]')
    const [, port] = /127\.0\.0\.1:(\d+) of this computer/.exec(await row.innerText()) ?? []
    const socket = connect(Number(port), '127.0.0.1')
    const [hello] = (await once(socket, 'data')) as [Buffer]
    expect(hello.toString()).toMatch(/^SSH-2\.0-/)
    await row.getByText('1 connection', { exact: true }).waitFor()
    socket.destroy()
    await row.getByText('no connection', { exact: true }).waitFor()
    await picture('forwards')
    expect(await seriousViolations(page)).toEqual([])
  })

  it('shows what was deployed, and takes all of it away', async () => {
    await part('Engine')
    await page.getByText('of this workbench', { exact: true }).waitFor()
    await picture('engine')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByTestId('uninstall-all').click()
    await page.getByText('The folder /root/.ascend-workbench is deleted').waitFor()
    await page.getByTestId('confirm').click()
    await page.getByTestId('host-connect').waitFor()
  })
})
