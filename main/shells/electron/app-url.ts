/** The page's own origin in the desktop app. */
export const APP_SCHEME = 'app'
export const APP_HOST = 'workbench'
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`
export const APP_URL = `${APP_ORIGIN}/`

/** The path of a URL of our own scheme and host; null for every other URL. */
export function appPath(url: string): string | null {
  const parsed = URL.parse(url)
  if (!parsed || parsed.protocol !== `${APP_SCHEME}:` || parsed.host !== APP_HOST) return null
  return parsed.username === '' && parsed.password === '' ? parsed.pathname : null
}
