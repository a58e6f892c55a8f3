import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'
import { ThrowAwayUser } from '../hosts/user.ts'
import { chromiumPath, Home, noBrowser, openBrowser, openPage, seriousViolations, Shell } from './workbench.ts'

const missing = noSshd() ?? (chromiumPath ? null : noBrowser)
const PASSWORD = 'correct horse'
const VAULT = 'battery staple'
/** Where pictures go; none are taken without it. */
const pictures = process.env['AWB_TEST_PICTURES']

describe.skipIf(missing !== null)(`the hosts page${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let user: ThrowAwayUser
  let jump: Sshd
  let server: Sshd
  let home: Home
  let shell: Shell
  let browser: Browser
  let page: Page
  let errors: string[]

  beforeAll(async () => {
    lab = new SshLab()
    user = new ThrowAwayUser(PASSWORD)
    lab.defer(() => user[Symbol.dispose]())
    const config = { PasswordAuthentication: 'yes' }
    jump = await lab.start('jump', { address: '127.0.0.2', config })
    server = await lab.start('npu', { address: '127.0.0.3', config })
    home = new Home()
    mkdirSync(join(home.folder, '.ssh'))
    writeFileSync(
      join(home.folder, '.ssh', 'config'),
      `Host behind\n  HostName 127.0.0.3\n  Port ${server.port}\n  ProxyJump gate\nHost gate\n  HostName 127.0.0.2\n  Port ${jump.port}\nHost *\n  User ${user.name}\n`,
    )
    shell = await Shell.start(home, { HOME: home.folder })
    browser = await openBrowser()
    const opened = await openPage(browser, shell.url, { theme: 'light', locale: 'en' })
    page = opened.page
    page.setDefaultTimeout(90_000)
    errors = opened.errors
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('host-add').waitFor()
  })

  afterEach(async () => {
    expect(await seriousViolations(page)).toEqual([])
  })

  afterAll(async () => {
    await browser.close()
    await shell[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
    expect(errors).toEqual([])
  })

  const picture = async (name: string) => {
    if (pictures === undefined) return
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await page.waitForTimeout(700)
      await page.screenshot({ path: join(pictures, `hosts-${name}-${theme}.png`) })
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.waitForTimeout(700)
  }
  const inState = (id: string, state: string) =>
    page.locator(`[data-testid="host-${id}"][data-link="${state}"]`).waitFor()
  const fill = (testId: string, text: string) => page.getByTestId(testId).locator('input').first().fill(text)
  const question = () => page.getByTestId('question')

  it('imports hosts with their way from an SSH config', async () => {
    await picture('empty')
    await page.getByTestId('host-import').click()
    await page.getByTestId('import-behind').waitFor()
    await picture('import')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByTestId('import-take').click()
    await page.getByTestId('host-behind').waitFor()
    expect(await page.getByTestId('host-behind').textContent()).toContain('through gate')
    await page.getByTestId('host-gate').waitFor()
  })

  it('creates a vault for what is to be remembered', async () => {
    await page.getByTestId('vault-create').click()
    await fill('vault-next', VAULT)
    await fill('vault-again', VAULT)
    await picture('vault')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByTestId('vault-submit').click()
    await page.locator('[data-testid="vault"][data-state="unlocked"]').waitFor()
  })

  it('asks for both keys and both passwords on the way through a jump host, then connects', async () => {
    await page.getByTestId('connect-behind').click()
    await question().getByText('Is this gate?').waitFor()
    expect(await page.getByTestId('question-fingerprint').textContent()).toContain('SHA256:')
    await picture('key')
    expect(await seriousViolations(page)).toEqual([])
    await page.keyboard.press('Tab')
    await page.getByTestId('question-answer').click()
    await page.getByTestId('question-field-0').fill('wrong')
    await page.keyboard.press('Enter')
    await question().getByText('not accepted').waitFor()
    await picture('password')
    await page.getByTestId('question-field-0').fill(PASSWORD)
    await page.getByTestId('question-answer').click()
    await question().getByText('Is this behind?').waitFor()
    await page.getByTestId('question-answer').click()
    await page.getByTestId('question-field-0').fill(PASSWORD)
    await page.getByTestId('question-remember').click()
    await page.getByTestId('question-answer').click()
    await inState('behind', 'ready')
    await inState('gate', 'ready')
    await picture('connected')
  })

  it('opens the locked vault when a remembered secret is needed', async () => {
    await page.getByTestId('disconnect-behind').click()
    await inState('gate', 'idle')
    await page.getByTestId('vault-lock').click()
    await shell[Symbol.asyncDispose]()
    shell = await Shell.start(home, { HOME: home.folder })
    // Only the part after the hash differs, which alone loads nothing.
    await page.goto('about:blank')
    await page.goto(shell.url)
    await page.getByTestId('activity-hosts').click()
    await page.getByTestId('connect-behind').click()
    await page.getByTestId('question-field-0').fill(PASSWORD)
    await page.getByTestId('question-answer').click()
    await question().getByText('Unlock the vault').waitFor()
    await page.getByTestId('question-field-0').fill('not it, surely')
    await page.getByTestId('question-answer').click()
    await question().getByText('not accepted').waitFor()
    await page.getByTestId('question-field-0').fill(VAULT)
    await page.getByTestId('question-answer').click()
    await inState('behind', 'ready')
    errors.splice(0)
  })

  it('refuses a changed key until the new one is trusted', async () => {
    await page.getByTestId('disconnect-behind').click()
    await inState('behind', 'idle')
    await server.stop()
    server.newHostKey()
    await server.start()
    await page.getByTestId('connect-behind').click()
    await page.getByTestId('changed-key-behind').waitFor()
    await picture('changed')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByTestId('trust-behind').click()
    await page.getByTestId('confirm').click()
    await inState('behind', 'ready')
  })

  it('edits, searches, duplicates and removes, and does not remove a jump host that is in use', async () => {
    await page.getByTestId('more-behind').getByRole('button').first().click()
    await page.getByTestId('edit-behind').click()
    await fill('host-name', 'npu-01')
    await fill('host-tags', 'lab, 910B')
    await page.getByText('More settings').click()
    await picture('editor')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByTestId('host-save').click()
    await page.getByRole('heading', { name: 'npu-01' }).waitFor()
    await fill('host-search', '910b')
    await page.getByTestId('host-gate').waitFor({ state: 'detached' })
    await fill('host-search', '')
    await page.getByTestId('more-gate').getByRole('button').first().click()
    await page.getByTestId('remove-gate').click()
    await page.getByTestId('confirm').click()
    await page.getByText('gate is the jump host of npu-01').waitFor()
    await page.locator('section.notifications button').first().click()
    await page.getByTestId('more-behind').getByRole('button').first().click()
    await page.getByTestId('remove-behind').click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('host-behind').waitFor({ state: 'detached' })
  })

  it('adds a host by hand, and says what is missing', async () => {
    await page.getByTestId('host-add').click()
    await page.getByTestId('host-save').click()
    await page.getByTestId('host-editor').getByText('Needed').first().waitFor()
    await fill('host-address', '127.0.0.1')
    await fill('host-port', '1')
    await fill('host-user', 'nobody')
    await fill('host-name', '训练机')
    await page.getByTestId('host-save-connect').click()
    await inState('host', 'reconnecting')
    await page.getByTestId('host-host').getByText('ECONNREFUSED').first().waitFor()
    await page.getByTestId('switch-language').click()
    await picture('unreachable-zh')
  })
})
