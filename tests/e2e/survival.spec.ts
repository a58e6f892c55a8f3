import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { jobFolders, lossesOf, type JobFolder } from './job-folders.ts'
import { startStep, takeStep } from './tour.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, Shell } from './workbench.ts'

const click = (target: { click(): Promise<void> }) => target.click()

/**
 * Main, then the engine, then both are killed in the middle of training. The run goes on each time; what the page shows
 * in the end is the job's output byte by byte, and the chart has every step once.
 */
describe('a run in the middle of which everything is killed', () => {
  it('goes on, without a gap or a repeat', { timeout: 900_000 }, async ({ skip }) => {
    skip(chromiumPath === null, noBrowser)
    skip(process.platform !== 'linux', 'finds the engine through /proc')
    using home = new Home()
    await using browser = await openBrowser()
    let shell = await Shell.start(home)
    try {
      let { page } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
      for (const step of ['sample', 'convert', 'preprocess'] as const) await takeStep(page, step, click)
      await startStep(page, 'train', click)
      await stepsReach(home, 5)

      expectTraining(home)
      await shell.kill()
      shell = await Shell.start(home)
      ;({ page } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' }))
      await page.locator('[data-testid="tour-step-train"][data-state="running"]').waitFor({ timeout: 60_000 })
      await stepsReach(home, 20)

      const killed = enginesOf(home)
      expectTraining(home)
      kill(killed)
      const restarted = await otherEngines(home, killed)
      await stepsReach(home, 40)

      expectTraining(home)
      kill(restarted)
      await shell.kill()
      shell = await Shell.start(home)
      ;({ page } = await openPage(browser, shell.url, { theme: 'light', locale: 'en' }))
      await page.locator('[data-testid="tour-step-train"][data-state="succeeded"]').waitFor({ timeout: 400_000 })

      const job = trainingJob(home)
      expect(job.journal.map(({ n }) => n)).toEqual(job.journal.map((_entry, index) => index + 1))
      const steps = lossesOf(job).map(({ step }) => step)
      expect(steps).toEqual(steps.map((_step, index) => index + 1))

      await page.getByTestId('tour-open-train').click()
      await page.locator('[data-testid="run-state"][data-state="succeeded"]').waitFor()
      const output = page.locator(`[data-testid="run-output"][data-lines="${lineCount(job)}"]`)
      await output.waitFor({ timeout: 60_000 })
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await output.getByRole('button', { name: 'Copy all output' }).click()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(job.output.toString())
      await page.locator(`[data-testid="metric-loss"][data-points="${steps.length}"]`).waitFor({ timeout: 60_000 })
    } finally {
      await shell[Symbol.asyncDispose]()
    }
  })
})

const trainingJob = (home: Home): JobFolder => {
  const job = jobFolders(home).find((candidate) => lossesOf(candidate).length > 0)
  if (!job) throw new Error('no job has a loss')
  return job
}

async function stepsReach(home: Home, step: number): Promise<void> {
  for (const deadline = Date.now() + 90_000; Date.now() < deadline; await sleep(100)) {
    const last = jobFolders(home).flatMap(lossesOf).at(-1)
    if (last && last.step >= step) return
  }
  throw new Error(`the training did not reach step ${step}`)
}

/** A kill after the end would prove nothing. */
const expectTraining = (home: Home): void => {
  expect(existsSync(join(trainingJob(home).folder, 'exit'))).toBe(false)
}

/** Process ids of the engines of this home only: found by their command line and environment. */
function enginesOf(home: Home): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const isEngine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine.mjs\0serve')
      return isEngine && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`AWB_HOME=${home.state}\0`)
    } catch {
      // The process ended between the listing and the look.
      return false
    }
  })
}

function kill(pids: string[]): void {
  expect(pids.length).toBeGreaterThan(0)
  execFileSync('kill', ['-9', ...pids])
}

/** The engines that main has started in place of killed ones. */
async function otherEngines(home: Home, killed: string[]): Promise<string[]> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50)) {
    const others = enginesOf(home).filter((pid) => !killed.includes(pid))
    if (others.length > 0) return others
  }
  throw new Error('no engine came in place of the killed one')
}

const lineCount = (job: JobFolder): number => job.output.toString().trimEnd().split('\n').length
