import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from '#main/shells/csp.ts'
import { answerAppRequest } from '#main/shells/electron/protocol.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-app-'))
  mkdirSync(join(folder, 'renderer', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'renderer', 'index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'renderer', 'assets', 'app.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'renderer', 'link.txt'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const ask = (url: string, method = 'GET') => answerAppRequest({ url, method }, join(folder, 'renderer'))

describe('the app protocol', () => {
  it('answers with files of the page and the policy', async () => {
    const page = await ask('app://workbench/')
    expect(await page.text()).toBe('<!doctype html>')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy())
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await (await ask('app://workbench/assets/app.js')).text()).toBe('export {}')
  })

  it.each([
    'app://workbench/../secret.txt',
    'app://workbench/%2e%2e/secret.txt',
    'app://workbench/..%2fsecret.txt',
    'app://workbench/..%5csecret.txt',
    'app://workbench/link.txt',
    'app://workbench/assets',
    'app://workbench//etc/passwd',
    'app://workbench/%00',
    'app://other/index.html',
    'https://evil.example/index.html',
  ])('finds nothing at %s', async (url) => {
    const answer = await ask(url)
    expect(answer.status).toBe(404)
    expect(await answer.text()).toBe('')
    expect(answer.headers.get('content-security-policy')).toContain(`default-src 'none'`)
  })

  it('is for reading', async () => {
    expect((await ask('app://workbench/', 'POST')).status).toBe(405)
  })
})

describe('the policy', () => {
  it('lets the page reach its own origin and nothing else', () => {
    expect(contentSecurityPolicy()).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; ` +
        `connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
  })
})
