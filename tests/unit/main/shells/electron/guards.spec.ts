import { describe, expect, it } from 'vitest'
import { appPath } from '#main/shells/electron/app-url.ts'
import { externalUrl, mayNavigate } from '#main/shells/electron/navigation.ts'
import { mayUse } from '#main/shells/electron/permissions.ts'

const foreign = [
  'https://evil.example/',
  'http://127.0.0.1:5173/',
  'file:///etc/passwd',
  'app://other/index.html',
  'app://workbench.evil.example/',
  'app://user@workbench/',
  'javascript:alert(1)',
  'data:text/html,x',
  'about:blank',
  '',
]

describe('a URL of our own', () => {
  it('has a path', () => {
    expect(appPath('app://workbench/')).toBe('/')
    expect(appPath('app://workbench/assets/a.js?x#y')).toBe('/assets/a.js')
  })

  it.each(foreign)('is not %j', (url) => expect(appPath(url)).toBeNull())
})

describe('navigation', () => {
  it('leads to the page itself only', () => {
    expect(mayNavigate('app://workbench/#token=x')).toBe(true)
    expect(mayNavigate('app://workbench/assets/a.js')).toBe(false)
  })

  it.each(foreign)('never leads to %j', (url) => expect(mayNavigate(url)).toBe(false))

  it('may lead to the development server while developing, and there only', () => {
    const server = 'http://127.0.0.1:5173'
    expect(mayNavigate('http://127.0.0.1:5173/', server)).toBe(true)
    expect(mayNavigate('http://127.0.0.1:5174/', server)).toBe(false)
    expect(mayNavigate('app://workbench/', server)).toBe(false)
  })
})

describe('a link', () => {
  it('leaves the app as https or mail, cleaned', () => {
    expect(externalUrl('https://www.hiascend.com/doc page')).toBe('https://www.hiascend.com/doc%20page')
    expect(externalUrl('mailto:a@b.example')).toBe('mailto:a@b.example')
  })

  it.each([
    ...foreign.slice(1),
    'http://plain.example/',
    'https://user:password@evil.example/',
    'ssh://host',
    'no url',
  ])('does not leave the app as %j', (url) => expect(externalUrl(url)).toBeNull())
})

describe('a permission', () => {
  it('is writing to the clipboard, for our page', () => {
    expect(mayUse('clipboard-sanitized-write', 'app://workbench/')).toBe(true)
    expect(mayUse('clipboard-sanitized-write', 'https://evil.example/')).toBe(false)
  })

  it.each(['clipboard-read', 'media', 'geolocation', 'notifications', 'openExternal', 'fileSystem', 'usb', 'unknown'])(
    'is not %s',
    (permission) => expect(mayUse(permission, 'app://workbench/')).toBe(false),
  )
})
