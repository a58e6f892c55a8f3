import { createHash } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import type { Machine } from '../hosts/machine/machine.ts'
import { fieldOf } from './panels.ts'

/** Tabs stay in the page while they are hidden. */
export const onScreen = (page: Page, testId: string): Locator => page.locator(`[data-testid="${testId}"]:visible`)

export type HostPart = 'overview' | 'npus' | 'files' | 'terminals' | 'forwards' | 'engine'

/** The fingerprint of a server's key as OpenSSH shows it. */
export const fingerprintOf = ({ hostKey }: Machine): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(hostKey, 'base64')).digest('base64').replace(/=+$/, '')}`

/** Fills in the form of a new host, and leaves it open. */
export async function fillHost(page: Page, machine: Machine, jump?: string): Promise<void> {
  await page.getByTestId('activity-hosts').click()
  await page.getByTestId('host-add').click()
  const { name, address, port } = machine
  const values = { address, port: String(port), user: 'root', name }
  for (const [field, value] of Object.entries(values))
    await page.getByTestId(`host-${field}`).locator('input').first().fill(value)
  if (jump === undefined) return
  await page.getByTestId('host-jump').click()
  await page.locator('.n-base-select-option:visible', { hasText: jump }).click()
}

/** Adds a host to the book. */
export async function addHost(page: Page, machine: Machine, jump?: string): Promise<void> {
  await fillHost(page, machine, jump)
  await page.getByTestId('host-save').click()
  await page.getByTestId(`host-${machine.name}`).waitFor()
}

/** Accepts the key that is asked about, after a look at its fingerprint, and gives the password. */
export async function letIn(page: Page, machine: Machine, password: string): Promise<void> {
  await page.getByTestId('question').getByText(`Is this ${machine.name}?`).waitFor()
  const shown = await page.getByTestId('question-fingerprint').innerText()
  if (shown.trim() !== fingerprintOf(machine)) throw new Error(`${machine.name} shows another key: ${shown}`)
  await page.getByTestId('question-answer').click()
  await page.getByTestId('question-field-0').fill(password)
  await page.getByTestId('question-answer').click()
}

export const isReady = (page: Page, name: string): Promise<void> =>
  page
    .locator(`[data-testid="host-${name}"][data-link="ready"] [data-testid="state-${name}"][data-state="ready"]`)
    .waitFor()

/** Opens one part of the page of a host, whatever the language. */
export async function openPart(page: Page, name: string, part: HostPart): Promise<void> {
  await page.getByTestId('activity-hosts').click()
  await page.getByTestId(`details-${name}`).click()
  await page.locator(`label:visible:has(input[value="${part}"])`).click()
}

/** Examines the host on screen. Returns what a finding says. */
export async function examine(page: Page): Promise<(id: string) => Promise<string>> {
  await onScreen(page, 'examine').click()
  await onScreen(page, 'doctor-wrong').waitFor()
  return (id) => onScreen(page, `doctor-${id}`).innerText()
}

/** Makes a host the one that panels work on. */
export async function chooseHost(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^(Host: |主机：)/ }).click()
  await page.getByRole('menuitemradio', { name }).click()
}

/** Chooses a file of the panel's host by walking there from the root. */
export async function pickFile(page: Page, field: string, path: string): Promise<void> {
  await (await fieldOf(page, field)).getByRole('button').first().click()
  const browser = page.getByTestId('file-browser')
  const place = browser.locator('input')
  await browser.locator('.entries, .empty').waitFor()
  while ((await place.inputValue()) !== '/') await browser.getByRole('button').first().click()
  for (const name of path.split('/').slice(1)) await browser.getByRole('button', { name }).first().click()
  await browser.waitFor({ state: 'detached' })
}

/** Picks an entry of a list by its place. */
export async function chooseAt(page: Page, field: string, index: number): Promise<void> {
  await (await fieldOf(page, field)).locator('.n-base-selection').click()
  await page.locator('.n-base-select-option:visible').nth(index).click()
}

/** Starts the panel on screen. */
export async function startRun(page: Page): Promise<void> {
  await page.locator('[data-testid="run-button"]:visible:not([disabled])').click()
  await onScreen(page, 'run-state').waitFor()
}

/** Waits until the run on screen has come to a state. */
export const runIs = (page: Page, state: string): Promise<void> =>
  page.locator(`[data-testid="run-state"][data-state="${state}"]:visible`).waitFor()

/** The output of a step of the run on screen. */
export async function outputOf(page: Page, step: string): Promise<Locator> {
  await onScreen(page, `run-step-${step}`).click()
  return onScreen(page, 'run-output')
}

/** Opens a terminal on the part of a host's page that has them, in a container if one is named. */
export async function openTerminal(page: Page, container?: string): Promise<void> {
  if (container !== undefined) {
    await page.locator('.terminals:visible .n-base-selection').click()
    await page.locator('.n-base-select-option:visible', { hasText: container }).click()
  }
  await onScreen(page, 'terminal-open').click()
  await page.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' })
}

/** Types a line into the terminal that has the focus. */
export const typeLine = (page: Page, line: string): Promise<void> => page.keyboard.type(`${line}\n`)

/** Gives the NPUs of a host addresses that follow those of npu-01, for a terminal on it. Ends by saying so. */
export const setAddresses =
  'for i in 0 1 2 3 4 5 6 7; do hccn_tool -i $i -ip -s address 10.20.11.$((i+11)) netmask 255.255.255.0; done; echo se""t'

/** What the terminal on screen shows; needs `withoutWebgl`. */
export async function terminalText(page: Page): Promise<string> {
  const rows = await page.locator('.xterm-rows:visible > div').allInnerTexts()
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n')
}

/** Makes terminals draw with elements, so that their text can be read. */
export const withoutWebgl = `{
  const { getContext } = HTMLCanvasElement.prototype
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.includes('webgl') ? null : getContext.call(this, kind, ...rest)
  }
}`
