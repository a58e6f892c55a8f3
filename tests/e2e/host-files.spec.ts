import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

/** A folder for pictures of each step, to be looked at. */
const pictures = process.env['AWB_PICTURES']

describe.skipIf(chromiumPath === null)(`the files of a host${chromiumPath === null ? ` (${noBrowser})` : ''}`, () => {
  let home: Home
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]
  let folder: string

  beforeAll(async () => {
    home = new Home()
    folder = join(home.workspace, '数据 data')
    mkdirSync(join(folder, 'sub'), { recursive: true })
    writeFileSync(join(folder, 'train.sh'), 'echo one\n')
    writeFileSync(join(folder, '.hidden'), '')
    shell = await Shell.start(home)
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'dark', locale: 'en' })
    page = opened.page
    errors = opened.errors
    page.setDefaultTimeout(90_000)
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('details-local').click()
    await page.locator('label:visible', { hasText: 'Files' }).first().click()
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    expect(errors).toEqual([])
  })

  const picture = async (name: string) => {
    if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  }
  const hasFocus = (text: string) => expect.poll(() => page.locator(':focus').innerText()).toBe(text)
  const name = (text: string) => page.getByTestId('host-file').getByRole('button', { name: text, exact: true })

  it('are listed, and hidden ones when wanted', async () => {
    await name('数据 data').click()
    await name('train.sh').waitFor()
    expect(await page.getByTestId('host-file').count()).toBe(2)
    await page.getByText('Hidden files').click()
    await name('.hidden').waitFor()
    expect(await seriousViolations(page)).toEqual([])
  })

  it('are edited, unless somebody else did meanwhile, and followed', async () => {
    await name('train.sh').click()
    const text = page.getByRole('textbox', { name: 'Content of train.sh' })
    await text.fill('echo two\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    expect(readFileSync(join(folder, 'train.sh'), 'utf8')).toBe('echo two\n')
    writeFileSync(join(folder, 'train.sh'), 'somebody else\n')
    await text.fill('echo three\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('has changed since it was read').waitFor()
    expect(readFileSync(join(folder, 'train.sh'), 'utf8')).toBe('somebody else\n')
    await page.getByRole('button', { name: 'Follow', exact: true }).click()
    await page.getByRole('button', { name: 'Discard' }).click()
    writeFileSync(join(folder, 'train.sh'), 'and more\n', { flag: 'a' })
    await page.getByTestId('tail').getByText('and more').waitFor()
    await picture('follow')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'Close', exact: true }).first().click()
  })

  it('are made, renamed and deleted by keyboard, after saying how much it is', async () => {
    await page.getByTestId('folder-new').click()
    await page.getByTestId('name-input').locator('input').fill('sub')
    await page.keyboard.press('Enter')
    await page.getByText('sub is there already').waitFor()
    await page.getByTestId('name-input').locator('input').fill('权重')
    await page.keyboard.press('Enter')
    await name('权重').waitFor()
    writeFileSync(join(folder, '权重', 'a'), 'x'.repeat(2048))
    await hasFocus('权重')
    await page.keyboard.press('F2')
    await page.getByTestId('name-input').locator('input').fill('weights')
    await page.keyboard.press('Enter')
    await name('weights').waitFor()
    expect(readFileSync(join(folder, 'weights', 'a'), 'utf8')).toHaveLength(2048)
    await hasFocus('weights')
    await page.keyboard.press('Enter')
    await name('a').waitFor()
    await page.keyboard.press('Backspace')
    await hasFocus('weights')
    await page.keyboard.press('Delete')
    await page.getByText('2 files and folders, 2 KiB').waitFor()
    await page.getByTestId('confirm').click()
    await name('weights').waitFor({ state: 'detached' })
    expect(existsSync(join(folder, 'weights'))).toBe(false)
    expect(await seriousViolations(page)).toEqual([])
  })

  it('are uploaded from the page, and nothing is replaced without a question', async () => {
    const content = Buffer.alloc(2_500_000, 'x')
    const picker = page.getByTestId('file-picker')
    await picker.setInputFiles([{ name: 'big.txt', mimeType: 'text/plain', buffer: content }])
    await page.locator('[data-testid=transfer][data-state=done]').waitFor()
    expect(readFileSync(join(folder, 'big.txt')).equals(content)).toBe(true)
    await picker.setInputFiles([{ name: 'big.txt', mimeType: 'text/plain', buffer: Buffer.from('other') }])
    await page.getByRole('button', { name: 'Keep both' }).click()
    await expect.poll(() => page.locator('[data-testid=transfer][data-state=done]').count()).toBe(2)
    expect(readFileSync(join(folder, 'big (2).txt'), 'utf8')).toBe('other')
    await name('big (2).txt').waitFor()
    await picture('queue')
    expect(await seriousViolations(page)).toEqual([])
  })
})
