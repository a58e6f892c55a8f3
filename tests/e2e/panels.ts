import type { Locator, Page } from 'playwright-core'

/** The panel on screen; those of other tabs stay in the page while they are hidden. */
export const workspace = (page: Page): Locator => page.locator('.workspace:visible')

const visible = (page: Page, testId: string): Locator => page.locator(`[data-testid="${testId}"]:visible`)

/** A field of the panel on screen; unfolds the group of rarely used fields that holds it. */
export async function fieldOf(page: Page, name: string): Promise<Locator> {
  const self = page.getByTestId(`field-${name}`)
  const field = workspace(page).locator(self)
  await field.waitFor({ state: 'attached' })
  const fold = workspace(page).locator('details:not([open])', { has: self })
  if ((await fold.count()) > 0) await fold.locator('summary').click()
  await field.waitFor()
  return field
}

/** Opens a panel of a family from the gallery, with an empty form. */
export async function openPanel(page: Page, family: string, stage: string, panel: string): Promise<void> {
  await page.getByTestId('activity-families').click()
  const card = page.getByTestId(`family-${family}`)
  const tab = page.getByTestId(`tab-family:${family}`)
  await card.or(tab).first().waitFor()
  await ((await tab.count()) > 0 ? tab : card).click()
  await visible(page, `stage-${stage}`).click()
  await visible(page, `panel-${panel}`).click()
  await visible(page, 'plan-preview').waitFor()
  await workspace(page).getByRole('button', { name: 'Reset form' }).click()
}

/** What fields are to hold: a text or a number is typed, a switch is set. */
export async function fill(page: Page, values: Record<string, string | number | boolean>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    const field = await fieldOf(page, name)
    if (typeof value === 'boolean') {
      const control = field.getByRole('switch')
      if ((await control.getAttribute('aria-checked')) !== String(value)) await control.click()
      continue
    }
    const input = field.locator('input, textarea').first()
    await input.fill(String(value))
    // An open list of suggestions would lie over the next field.
    await input.press('Tab')
  }
}

/** Picks an entry of a list by its label. */
export async function choose(page: Page, name: string, label: string): Promise<void> {
  const field = await fieldOf(page, name)
  await field.locator('.n-base-selection').click()
  await page.locator('.n-base-select-option:visible', { hasText: new RegExp(`^${label}`) }).click()
}

/** Waits for a remark of a level under a field: the plan, and what it says, follow what was typed a moment later. */
export async function remark(
  page: Page,
  name: string,
  level: 'error' | 'warning' | 'note',
  text: string,
): Promise<void> {
  const field = await fieldOf(page, name)
  await field.locator(`.findings .${level}`, { hasText: text }).first().waitFor()
}

/** Runs the panel on screen, and waits until the run has ended. Returns its state. */
export async function run(page: Page): Promise<string | null> {
  await page.locator('[data-testid="run-button"]:visible:not([disabled])').click()
  const state = page.locator(
    '[data-testid="run-state"][data-state="succeeded"]:visible, [data-testid="run-state"][data-state="failed"]:visible',
  )
  await state.waitFor({ timeout: 60_000 })
  return state.getAttribute('data-state')
}
