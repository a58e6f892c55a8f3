/** Walks the tour in a workbench of its own and photographs it; started by scripts/screenshots.mjs. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { noMachine } from '../hosts/machine/machine.ts'
import { photographHosts } from './take-host-screenshots.ts'
import { screens } from './screens.ts'
import { walkTour } from './tour.ts'
import { Home, openBrowser, openPage, Shell, type Look } from './workbench.ts'

const { values } = parseArgs({ options: { all: { type: 'string' }, width: { type: 'string', default: '1440' } } })

/** What the two READMEs show. */
const shown = [
  { name: 'home', theme: 'light' },
  { name: 'run', theme: 'light' },
  { name: 'train', theme: 'dark' },
]
const folder = values.all ?? new URL('../../docs/screenshots', import.meta.url).pathname
mkdirSync(folder, { recursive: true })
const width = Number(values.width)
const height = Math.round(width * 0.625)

using home = new Home()
await using shell = await Shell.start(home)
await using browser = await openBrowser()

let url = shell.url
const looks: Look[] = (['light', 'dark'] as const).flatMap((theme) =>
  (['en', 'zh-CN'] as const).map((locale) => ({ theme, locale, width, height })),
)
for (const [index, look] of looks.entries()) {
  const { page, context } = await openPage(browser, url, look)
  if (index === 0) await walkTour(page, (target) => target.click())
  for (const { name, open } of screens) {
    if (!values.all && !shown.some((picture) => picture.name === name && picture.theme === look.theme)) continue
    await open(page)
    await page.screenshot({ path: join(folder, `${name}-${look.theme}-${look.locale}.png`) })
  }
  await context.close()
  url = await shell.newUrl()
}

if (values.all) {
  const missing = noMachine()
  if (missing === null) await photographHosts(browser, looks, folder)
  else process.stderr.write(`No pictures of NPU hosts: ${missing}\n`)
}
