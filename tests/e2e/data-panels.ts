import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import type { Home } from './workbench.ts'

const fixtures = new URL('../fixtures/dataset', import.meta.url).pathname

/** Raw data and tokenizers in a folder of the test's own, under names that people give them. */
export function writeRawData(home: Home): string {
  const folder = join(home.folder, 'raw')
  mkdirSync(folder, { recursive: true })
  for (const name of ['llama2-tokenizer', 'qwen15-tokenizer', 'mistral-tokenizer'])
    cpSync(join(fixtures, name), join(folder, name), { recursive: true })
  for (const name of ['telechat2.model', 'telechat.jsonl', 'alpaca.json'])
    cpSync(join(fixtures, 'mindformers', name), join(folder, name))
  const questions = Array.from({ length: 120 }, (_, at) => ({
    question: `What is ${at} plus ${at}? ${'Think about it. '.repeat(at % 7)}`,
    answer: at % 40 === 39 ? null : `${at} plus ${at} is ${2 * at}. 答案是 ${2 * at}。`,
    source: 'generated',
  }))
  writeFileSync(join(folder, 'questions.jsonl'), questions.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const pairs = questions.slice(0, 20).map(({ question }) => ({
    instruction: question,
    input: '',
    chosen: 'It can be computed.',
    rejected: 'I do not know.',
  }))
  writeFileSync(join(folder, 'pairs.json'), JSON.stringify(pairs))
  const rows = questions.map(({ question, answer }) => ({ instruction: question, input: '', output: answer ?? 'None' }))
  writeFileSync(join(folder, 'instructions.json'), JSON.stringify(rows))
  return folder
}

/** Tabs stay in the page while they are hidden. */
export const onScreen = (page: Page, testId: string): Locator => page.locator(`[data-testid="${testId}"]:visible`)

/** Opens a data panel of a family from the gallery. */
export async function openDataPanel(page: Page, family: string, panel: string): Promise<void> {
  await page.getByTestId('activity-families').click()
  const gallery = page.getByTestId(`family-${family}`)
  if (!(await gallery.isVisible())) {
    await page.keyboard.press('Escape')
    await page.getByTestId('activity-families').click()
  }
  await gallery.click()
  await onScreen(page, 'stage-preprocess').click()
  await onScreen(page, `panel-${panel}`).click()
  await onScreen(page, 'plan-preview').waitFor()
}

export const field = (page: Page, name: string): Locator => onScreen(page, `field-${name}`)

export async function type(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await field(page, name).locator('input').first().fill(value)
}

/** Picks an option of a select field by a part of its text. */
export async function pick(page: Page, name: string, option: string): Promise<void> {
  await field(page, name).locator('.n-base-selection').click()
  await page.locator('.n-base-select-option:visible').filter({ hasText: option }).first().click()
}

/** Waits until samples of the first rows are drawn. */
export const waitForSamples = (page: Page): Promise<void> =>
  onScreen(page, 'dataset-preview').getByTestId('sample').first().waitFor({ timeout: 60_000 })

/** Runs the panel on screen to its end. */
export async function run(page: Page): Promise<void> {
  const button = page.locator('[data-testid="run-button"]:visible:not([disabled])')
  await button.waitFor({ timeout: 60_000 })
  await button.click()
  await page.locator('[data-testid="run-state"][data-state="succeeded"]:visible').waitFor({ timeout: 90_000 })
}

/** The same, and opens the dataset that it made. */
export async function runAndOpen(page: Page): Promise<void> {
  await run(page)
  await page.locator('.made:visible button').first().click()
  await onScreen(page, 'dataset-tabs').waitFor({ timeout: 60_000 })
  await onScreen(page, 'sample').first().waitFor({ timeout: 60_000 })
}
