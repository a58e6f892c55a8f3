import { appPath } from './app-url.ts'

/** Our page may write to the clipboard. Everything else is refused, and everybody else. */
export function mayUse(permission: string, url: string, development?: string): boolean {
  const isOurs = development === undefined ? appPath(url) !== null : URL.parse(url)?.origin === development
  return isOurs && permission === 'clipboard-sanitized-write'
}
