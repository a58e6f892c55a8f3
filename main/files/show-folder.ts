import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Shows a folder to the user; answers false where there is nothing to show it with. */
export type ShowFolder = (path: string) => Promise<boolean>

export interface Desktop {
  readonly platform: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The program that opens a folder or a link on this desktop; null where there is none. */
export function openerOf({ platform, env }: Desktop, exists: (path: string) => boolean = existsSync): string | null {
  if (platform === 'darwin') return '/usr/bin/open'
  if (platform === 'win32') return join(env['SystemRoot'] ?? 'C:\\Windows', 'explorer.exe')
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return null
  return (
    (env['PATH'] ?? '')
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, 'xdg-open'))
      .find(exists) ?? null
  )
}

/** Hands a path or a link to the desktop as one argument, never through a shell. False where there is no desktop. */
export function openOnDesktop(target: string, desktop: Desktop = process): Promise<boolean> {
  const program = openerOf(desktop)
  if (program === null) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, [target], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => resolve(true))
    child.unref()
  })
}
