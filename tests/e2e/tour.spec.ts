import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobFolders, lossesOf } from './job-folders.ts'
import { emptyScreens, failureScreens, screens, type Screen } from './screens.ts'
import { walkTour } from './tour.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

/** What the product promises for two cores. */
const TOUR_LIMIT_MS = 180_000
const root = new URL('../..', import.meta.url).pathname

/** One workbench for all: the later tests look at what the first one made. */
describe.skipIf(chromiumPath === null)(chromiumPath ? 'the guided tour' : `the guided tour: ${noBrowser}`, () => {
  const home = new Home()
  let shell: Shell
  let browser: Browser

  beforeAll(async () => {
    shell = await Shell.start(home)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
  })

  it('shows empty views without serious violations', async () => {
    const { page, context, errors } = await openPage(browser, shell.url, { theme: 'dark', locale: 'en' })
    const found = await violationsOf(page, emptyScreens)
    await context.close()
    expect(found).toEqual({})
    expect(errors).toEqual([])
  })

  it('goes from nothing to a chat by clicks alone', { timeout: 900_000 }, async () => {
    const { page, context, errors } = await openPage(browser, await shell.newUrl(), { theme: 'light', locale: 'en' })
    const started = Date.now()
    const { question, answer } = await walkTour(page, (locator) => locator.click())
    const tookMs = Date.now() - started
    await context.close()

    expect(answer).toBe(sampleAnswer(question))
    expect(tookMs).toBeLessThan(TOUR_LIMIT_MS)
    expect(errors).toEqual([])
  })

  it('leaves a verified conversion, a dataset and a loss below a third of the first', () => {
    const jobs = jobFolders(home)
    const losses = jobs.map(lossesOf).find((values) => values.length > 0) ?? []
    expect(losses.at(-1)?.loss).toBeLessThan((losses[0]?.loss ?? 0) / 3)
    const verified = jobs.filter(({ labels }) => labels.step === 'verify')
    expect(verified.length).toBeGreaterThanOrEqual(2)
    for (const job of verified) expect(job.journal.at(-1)?.state).toBe('succeeded')
    expect(existsSync(join(tourFolder(home), 'dataset', 'alpaca_packed_input_ids_document.idx'))).toBe(true)
    const ranks = readdirSync(join(tourFolder(home), 'tiny-mcore', 'iter_0000001')).sort()
    expect(ranks).toEqual(['mp_rank_00_000', 'mp_rank_00_001', 'mp_rank_01_000', 'mp_rank_01_001'])
  })

  it('ends with Hugging Face tensors that PyTorch finds equal to what was trained', ({ skip }) => {
    const torch = spawnSync('/usr/bin/python3', ['-c', 'import torch'])
    skip(torch.status !== 0, 'no PyTorch on this machine (apt-get install python3-torch)')
    const script = join(root, 'tests', 'oracle', 'compare_trained.py')
    const folders = ['trained-mcore', 'trained-hf'].map((name) => join(tourFolder(home), name))
    const { stdout, stderr } = spawnSync('/usr/bin/python3', [script, ...folders], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ different: [] })
  })

  for (const look of [
    { theme: 'light', locale: 'en' },
    { theme: 'dark', locale: 'zh-CN' },
  ] as const) {
    it(`shows every screen without serious violations (${look.theme}, ${look.locale})`, async () => {
      const { page, context, errors } = await openPage(browser, await shell.newUrl(), look)
      const found = await violationsOf(page, [...screens, ...failureScreens])
      await context.close()
      expect(found).toEqual({})
      expect(errors).toEqual([])
    })
  }
})

describe('the guided tour by keyboard', () => {
  it('needs no pointer', { timeout: 900_000 }, async ({ skip }) => {
    skip(chromiumPath === null, noBrowser)
    using home = new Home()
    await using shell = await Shell.start(home)
    await using browser = await openBrowser()
    const { page, errors } = await openPage(browser, shell.url, { theme: 'dark', locale: 'zh-CN' })
    const { question, answer } = await walkTour(page, async (target) => {
      await target.waitFor()
      const isFocused = () => target.evaluate((element) => element.contains(element.ownerDocument.activeElement))
      for (let presses = 0; presses < 300 && !(await isFocused()); presses++) await page.keyboard.press('Tab')
      expect(await isFocused()).toBe(true)
      await page.keyboard.press('Enter')
    })
    expect(answer).toBe(sampleAnswer(question))
    expect(errors).toEqual([])
  })
})

/** Serious violations by screen; empty when there are none. */
async function violationsOf(page: Page, walk: readonly Screen[]): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const { name, open } of walk) {
    await open(page)
    const violations = await seriousViolations(page)
    if (violations.length > 0) found[name] = violations
  }
  return found
}

const tourFolder = (home: Home): string => join(home.workspace, readdirSync(home.workspace)[0] ?? '')

function sampleAnswer(question: string): string {
  const path = join(root, 'resources', 'sample', 'dataset', 'alpaca-sample.json')
  const rows = JSON.parse(readFileSync(path, 'utf8')) as { instruction: string; output: string }[]
  return rows.find(({ instruction }) => instruction === question)?.output ?? `no row asks: ${question}`
}
