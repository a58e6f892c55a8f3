import type { Page } from 'playwright-core'

export interface Screen {
  readonly name: string
  /** Brings the page there, from anywhere, and waits until its content stands. */
  readonly open: (page: Page) => Promise<void>
}

/** Tabs stay in the page while they are hidden. */
const onScreen = (page: Page, testId: string) => page.locator(`[data-testid="${testId}"]:visible`)

export const activity = (kind: string) => async (page: Page) => {
  await page.keyboard.press('Escape')
  await page.getByTestId(`activity-${kind}`).click()
  await page.waitForTimeout(400)
}

/** A panel of a family, as it was left. */
export const openFamilyPanel =
  (stage: string, id: string, family = 'llama2') =>
  async (page: Page) => {
    await activity('families')(page)
    const gallery = page.getByTestId(`family-${family}`)
    if (await gallery.isVisible()) await gallery.click()
    await onScreen(page, `stage-${stage}`).click()
    await onScreen(page, `panel-${id}`).click()
    await onScreen(page, 'plan-preview').waitFor()
    await page.waitForTimeout(800)
  }

/** The panel of one step of the tour, filled in with what the tour ran. */
const filledPanel = (step: 'convert' | 'preprocess' | 'train') => async (page: Page) => {
  await activity('home')(page)
  await page.getByTestId(`tour-open-${step}`).click()
  await onScreen(page, 'run-more').getByRole('button').first().click()
  await page.getByTestId('run-edit').click()
  await page.getByTestId('plan-preview').waitFor()
  await page.mouse.move(0, 0)
  await page.waitForTimeout(1000)
}

const sample = new URL('../../resources/sample', import.meta.url).pathname

/** A run of a panel that cannot succeed: its output would have to lie in a file. */
const failedRun = async (page: Page) => {
  await openFamilyPanel('preprocess', 'preprocess')(page)
  const values = {
    input: `${sample}/dataset/alpaca-sample.json`,
    tokenizer: `${sample}/tokenizer`,
    outputPrefix: '/dev/null/alpaca',
  }
  for (const [field, value] of Object.entries(values))
    await page.getByTestId(`field-${field}`).locator('input').first().fill(value)
  await page.getByTestId('run-button').click()
  await page.locator('[data-testid="run-state"][data-state="failed"]:visible').waitFor()
  await page.waitForTimeout(800)
}

const firstRow = (activityKind: string, table: string, text: string) => async (page: Page) => {
  await activity(activityKind)(page)
  await page.getByTestId(table).getByText(text).first().click()
  await page.waitForTimeout(1000)
}

/** What is seen before anything was done; ends at home, where a page opened later begins. */
export const emptyScreens: readonly Screen[] = ['families', 'runs', 'artifacts', 'chat', 'home'].map((name) => ({
  name: `empty-${name}`,
  open: activity(name),
}))

/** Opens after all others: it leaves a run behind. */
export const failureScreens: readonly Screen[] = [
  { name: 'failed-run', open: failedRun },
  {
    name: 'artifact-add',
    open: async (page) => {
      await activity('artifacts')(page)
      await page.getByTestId('artifact-add').click()
      await page.waitForTimeout(500)
    },
  },
]

/** Every screen, in the order of a walk; the tour must have been taken, so that there is something to see. */
export const screens: readonly Screen[] = [
  { name: 'home', open: activity('home') },
  { name: 'hosts', open: activity('hosts') },
  { name: 'families', open: activity('families') },
  { name: 'sample', open: openFamilyPanel('download', 'sample') },
  { name: 'convert', open: filledPanel('convert') },
  { name: 'split', open: openFamilyPanel('convert', 'split') },
  { name: 'merge-ranks', open: openFamilyPanel('convert', 'merge-ranks') },
  { name: 'merge-lora', open: openFamilyPanel('convert', 'merge-lora') },
  { name: 'check', open: openFamilyPanel('convert', 'check') },
  { name: 'preprocess', open: filledPanel('preprocess') },
  { name: 'mindrecord', open: openFamilyPanel('preprocess', 'mindrecord') },
  { name: 'merge-datasets', open: openFamilyPanel('preprocess', 'merge-datasets') },
  { name: 'rows', open: openFamilyPanel('preprocess', 'rows') },
  { name: 'train', open: filledPanel('train') },
  { name: 'infer', open: openFamilyPanel('infer', 'infer') },
  { name: 'runs', open: activity('runs') },
  {
    name: 'run',
    open: async (page) => {
      await activity('home')(page)
      await page.getByTestId('tour-open-train').click()
      await onScreen(page, 'run-output').getByText('consumed samples').first().waitFor({ timeout: 60_000 })
      await page.waitForTimeout(1200)
    },
  },
  { name: 'artifacts', open: activity('artifacts') },
  { name: 'checkpoint', open: firstRow('artifacts', 'artifacts-table', 'trained-mcore') },
  { name: 'dataset', open: firstRow('artifacts', 'artifacts-table', 'alpaca') },
  {
    name: 'dataset-tokens',
    open: async (page) => {
      await firstRow('artifacts', 'artifacts-table', 'alpaca')(page)
      await onScreen(page, 'dataset-tabs').locator('label').last().click()
      await onScreen(page, 'token-table').waitFor()
      await page.waitForTimeout(400)
    },
  },
  { name: 'chat', open: activity('chat') },
  { name: 'plugins', open: activity('plugins') },
  { name: 'settings', open: activity('settings') },
  {
    name: 'palette',
    open: async (page) => {
      await activity('home')(page)
      await page.keyboard.press('Control+k')
      await page.getByTestId('palette-input').waitFor()
      await page.waitForTimeout(300)
    },
  },
]
