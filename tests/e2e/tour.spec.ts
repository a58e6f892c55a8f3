import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jobFolders, lossesOf } from './job-folders.ts'
import { walkTour } from './tour.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, Shell } from './workbench.ts'

/** What the product promises for two cores. */
const TOUR_LIMIT_MS = 180_000
const root = new URL('../..', import.meta.url).pathname

describe('the guided tour', () => {
  it('goes from nothing to a chat by clicks alone', { timeout: 300_000 }, async ({ skip }) => {
    skip(chromiumPath === null, noBrowser)
    using home = new Home()
    await using shell = await Shell.start(home)
    await using browser = await openBrowser()
    const { page, errors } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    const started = Date.now()
    const { question, answer } = await walkTour(page, (locator) => locator.click())
    const tookMs = Date.now() - started

    expect(answer).toBe(sampleAnswer(question))
    expect(tookMs).toBeLessThan(TOUR_LIMIT_MS)
    expect(errors).toEqual([])

    const jobs = jobFolders(home)
    const losses = jobs.map(lossesOf).find((values) => values.length > 0) ?? []
    expect(losses.at(-1)?.loss).toBeLessThan((losses[0]?.loss ?? 0) / 3)
    const verified = jobs.filter(({ labels }) => labels.step === 'verify')
    expect(verified.length).toBeGreaterThanOrEqual(2)
    for (const job of verified) expect(job.journal.at(-1)?.state).toBe('succeeded')

    const [folder] = readdirSync(home.workspace)
    const tour = join(home.workspace, folder ?? '')
    expect(existsSync(join(tour, 'dataset', 'alpaca_packed_input_ids_document.idx'))).toBe(true)
    const ranks = readdirSync(join(tour, 'tiny-mcore', 'iter_0000001')).sort()
    expect(ranks).toEqual(['mp_rank_00_000', 'mp_rank_00_001', 'mp_rank_01_000', 'mp_rank_01_001'])

    const torch = spawnSync('/usr/bin/python3', ['-c', 'import torch'])
    skip(torch.status !== 0, 'the tour passed; comparing its result needs PyTorch (apt-get install python3-torch)')
    const script = join(root, 'tests', 'oracle', 'compare_trained.py')
    const compared = spawnSync('/usr/bin/python3', [script, join(tour, 'trained-mcore'), join(tour, 'trained-hf')], {
      encoding: 'utf8',
    })
    expect(compared.stderr).toBe('')
    expect(JSON.parse(compared.stdout)).toMatchObject({ different: [] })
  })

  it('can be walked by keyboard alone', { timeout: 300_000 }, async ({ skip }) => {
    skip(chromiumPath === null, noBrowser)
    using home = new Home()
    await using shell = await Shell.start(home)
    await using browser = await openBrowser()
    const { page, errors } = await openPage(browser, shell.url, { theme: 'dark', locale: 'zh-CN' })
    const { question, answer } = await walkTour(page, async (target) => {
      await target.waitFor()
      await page.keyboard.press('Tab')
      for (let presses = 0; presses < 300; presses++) {
        if (await target.evaluate((element) => element.contains(element.ownerDocument.activeElement))) break
        await page.keyboard.press('Tab')
      }
      expect(await target.evaluate((element) => element.contains(element.ownerDocument.activeElement))).toBe(true)
      await page.keyboard.press('Enter')
    })
    expect(answer).toBe(sampleAnswer(question))
    expect(errors).toEqual([])
  })
})

function sampleAnswer(question: string): string {
  const path = join(root, 'resources', 'sample', 'dataset', 'alpaca-sample.json')
  const rows = JSON.parse(readFileSync(path, 'utf8')) as { instruction: string; output: string }[]
  return rows.find(({ instruction }) => instruction === question)?.output ?? `no row asks: ${question}`
}
