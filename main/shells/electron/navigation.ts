import { appPath } from './app-url.ts'

/** Whether the page may be replaced by this URL: only by itself, as a reload does. `development` is its server's origin. */
export function mayNavigate(url: string, development?: string): boolean {
  if (development !== undefined) return URL.parse(url)?.origin === development
  return appPath(url) === '/'
}

const OPENABLE = new Set(['https:', 'mailto:'])

/** The URL to hand to the desktop for a link, cleaned by parsing; null for what must not leave the app. */
export function externalUrl(url: string): string | null {
  const parsed = URL.parse(url)
  if (!parsed || !OPENABLE.has(parsed.protocol)) return null
  // A link with a password in it is made to deceive.
  if (parsed.username !== '' || parsed.password !== '') return null
  return parsed.href
}
