import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

const fixture = new URL('../fixtures/host/npu-smi/052-910B3-24.1.rc2-info.txt', import.meta.url).pathname

describe.skipIf(chromiumPath === null)(`the page of a host${chromiumPath === null ? ` (${noBrowser})` : ''}`, () => {
  let home: Home
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    home = new Home()
    const tools = join(home.folder, 'tools')
    mkdirSync(tools)
    writeFileSync(join(tools, 'npu-smi'), `#!/bin/sh\nexec cat '${fixture}'\n`)
    chmodSync(join(tools, 'npu-smi'), 0o755)
    shell = await Shell.start(home, { PATH: `${tools}:${process.env['PATH'] ?? ''}`, SHELL: '/bin/sh' })
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    page = opened.page
    errors = opened.errors
    page.setDefaultTimeout(90_000)
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('details-local').click()
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    expect(errors).toEqual([])
  })

  const part = (title: string) => page.locator('label:visible', { hasText: title }).first().click()

  it('examines it, what is wrong first', async () => {
    await page.getByTestId('examine').click()
    // There are NPUs by the tool, but no device nodes on this machine.
    await page.getByTestId('doctor-wrong').getByTestId('doctor-device-nodes').waitFor()
    expect(await page.getByTestId('doctor-npu-smi').innerText()).toContain('4 × 910B3')
    expect(await seriousViolations(page)).toEqual([])
  })

  it('shows its NPUs live, and what they did', async () => {
    await part('NPUs')
    await page.getByTestId('npu-7/0').waitFor()
    const card = await page.getByTestId('npu-4/0').innerText()
    expect(card).toContain('910B3')
    expect(card).toContain('13 / 64 GiB')
    await page.getByTestId('history-aicore').waitFor()
    expect(await seriousViolations(page)).toEqual([])
  })

  it('opens terminals on it that outlive the page', async () => {
    await part('Terminals')
    await page.getByTestId('terminal-open').click()
    const terminal = page.locator('[data-testid^="terminal-"][aria-label="Terminal 1"]')
    await terminal.waitFor()
    await page.locator('.xterm-helper-textarea').waitFor({ state: 'attached' })
    await page.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' })
    const proof = join(home.folder, 'proof')
    await page.keyboard.type(`stty size > '${proof}'; echo $((6*7)) >> '${proof}'\n`)
    const read = () => readFile(proof, 'utf8').catch(() => '')
    await expect.poll(read, { timeout: 60_000 }).toMatch(/^\d+ \d+\n42\n$/)
    expect(await seriousViolations(page)).toEqual([])
    await page.reload()
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('details-local').click()
    await part('Terminals')
    await terminal.waitFor()
    await page.getByLabel('Close the terminal: Terminal 1').click()
    await page.getByRole('button', { name: 'Close the terminal', exact: true }).click()
    await terminal.waitFor({ state: 'detached' })
  })
})
