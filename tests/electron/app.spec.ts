import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { _electron } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { Home } from '../e2e/workbench.ts'

const root = new URL('../..', import.meta.url).pathname
const folder = join(root, 'node_modules', 'electron')
const pathFile = join(folder, 'path.txt')
const binary = existsSync(pathFile) ? join(folder, 'dist', readFileSync(pathFile, 'utf8').trim()) : null
const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY)

describe('the desktop app', () => {
  it('opens one sandboxed window on its own origin and reaches the contract', async ({ skip }) => {
    skip(!binary || !existsSync(binary), 'the Electron binary is not on this machine')
    skip(!hasDisplay, 'there is no display')
    using home = new Home()
    const app = await _electron.launch({
      executablePath: binary ?? '',
      args: [root],
      env: { ...process.env, AWB_HOME: home.state, AWB_WORKSPACE: home.workspace },
    })
    try {
      const page = await app.firstWindow()
      expect(page.url()).toMatch(/^app:\/\//)
      await page.getByTestId('home').waitFor()
      expect(await page.evaluate(() => Object.keys(globalThis).includes('require'))).toBe(false)
      expect(app.windows()).toHaveLength(1)
    } finally {
      await app.close()
    }
  })
})
