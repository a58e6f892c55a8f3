import type { FitAddon } from '@xterm/addon-fit'
import type { SearchAddon } from '@xterm/addon-search'
import type { Terminal } from '@xterm/xterm'
import type { ThemeName } from '@/ui/tokens.ts'
import { xtermTheme } from '@/ui/tokens.ts'

export interface Screen extends Disposable {
  readonly terminal: Terminal
  readonly fit: FitAddon
  readonly search: SearchAddon
}

/** An xterm in an element: wide characters, links, search, and WebGL where the machine has it. */
export async function openScreen(element: HTMLElement, label: string, theme: ThemeName): Promise<Screen> {
  const [{ Terminal }, { FitAddon }, { SearchAddon }, { Unicode11Addon }, { WebLinksAddon }, { WebglAddon }] =
    await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
      import('@xterm/addon-search'),
      import('@xterm/addon-unicode11'),
      import('@xterm/addon-web-links'),
      import('@xterm/addon-webgl'),
      import('@xterm/xterm/css/xterm.css'),
    ])
  const terminal = new Terminal({
    ...xtermTheme(theme),
    allowProposedApi: true,
    cursorBlink: true,
    scrollback: 10_000,
  })
  const [fit, search] = [new FitAddon(), new SearchAddon()]
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  terminal.loadAddon(new WebLinksAddon((_, address) => window.open(address, '_blank', 'noopener')))
  terminal.open(element)
  terminal.textarea?.setAttribute('aria-label', label)
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose())
    terminal.loadAddon(webgl)
  } catch {
    // Without WebGL xterm draws with elements, which is slower and looks the same.
  }
  fit.fit()
  return { terminal, fit, search, [Symbol.dispose]: () => terminal.dispose() }
}
