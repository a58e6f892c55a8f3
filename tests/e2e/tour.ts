import type { Locator, Page } from 'playwright-core'

/** The steps that are runs, in order; a conversation follows. */
export const runSteps = ['sample', 'convert', 'preprocess', 'train', 'export'] as const
export type RunStep = (typeof runSteps)[number]

/** Presses one step of the tour and waits until it has succeeded. */
export async function takeStep(page: Page, step: RunStep, press: (target: Locator) => Promise<void>): Promise<void> {
  await startStep(page, step, press)
  await page.locator(`[data-testid="tour-step-${step}"][data-state="succeeded"]`).waitFor({ timeout: 400_000 })
}

/** Presses one step of the tour, as soon as it can be pressed. */
export async function startStep(page: Page, step: RunStep, press: (target: Locator) => Promise<void>): Promise<void> {
  const button = page.locator(`[data-testid="tour-run-${step}"]:not([disabled])`)
  await button.waitFor({ timeout: 90_000 })
  await press(button)
}

/** The whole tour from the home page; returns what was asked in the end, and the answer. */
export async function walkTour(
  page: Page,
  press: (target: Locator) => Promise<void>,
): Promise<{ question: string; answer: string }> {
  for (const step of runSteps) await takeStep(page, step, press)
  await press(page.getByTestId('tour-run-chat'))
  const question = await page.getByTestId('chat-input').inputValue()
  await press(page.getByTestId('chat-send'))
  const message = page.locator('[data-testid="chat-message-assistant"]:not([aria-busy="true"])').last()
  await message.waitFor({ timeout: 90_000 })
  return { question, answer: (await message.getByTestId('chat-text').innerText()).trim() }
}
