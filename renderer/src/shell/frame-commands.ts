import { computed, watchEffect } from 'vue'
import { t, text } from '../i18n/index.ts'
import { useHosts, useSettings } from '../workbench/stores.ts'
import { registerCommand, useCommands } from './commands.ts'
import { useCurrentHost } from './current-host.ts'
import { useDrawer } from './drawer.ts'
import { isPaletteOpen } from './palette.ts'
import { useTabs } from './tabs.ts'

/** The commands of the frame itself; views bring their own. */
export function useFrameCommands(): void {
  const tabs = useTabs()
  const drawer = useDrawer()
  const settings = useSettings()
  const closeActive = () => tabs.active && tabs.close(tabs.active.id)
  const closeOthers = () => {
    for (const { id } of tabs.list) if (id !== tabs.active?.id) tabs.close(id)
  }
  useCommands([
    {
      id: 'palette.open',
      title: 'shell.command.palette',
      shortcut: 'mod+k',
      run: () => (isPaletteOpen.value = true),
      isHidden: true,
    },
    { id: 'drawer.toggle', title: 'shell.command.drawer', shortcut: 'ctrl+backquote', run: drawer.toggle },
    { id: 'drawer.output', title: 'shell.command.output', run: () => drawer.show('output') },
    { id: 'drawer.problems', title: 'shell.command.problems', run: () => drawer.show('problems') },
    { id: 'tab.next', title: 'shell.command.nextTab', shortcut: 'alt+shift+arrowright', run: () => tabs.step(1) },
    {
      id: 'tab.previous',
      title: 'shell.command.previousTab',
      shortcut: 'alt+shift+arrowleft',
      run: () => tabs.step(-1),
    },
    { id: 'tab.close', title: 'shell.command.closeTab', shortcut: 'alt+w', run: closeActive },
    { id: 'tab.close-others', title: 'shell.command.closeOthers', run: closeOthers },
    ...(['light', 'dark', 'system'] as const).map((theme) => ({
      id: `theme.${theme}`,
      title: () => t('shell.command.theme', { name: t(`shell.theme.${theme}`) }),
      run: () => settings.set({ theme }),
    })),
    ...(['en', 'zh-CN', 'system'] as const).map((locale) => ({
      id: `language.${locale}`,
      title: () => t('shell.command.language', { name: t(`shell.language.${locale}`) }),
      run: () => settings.set({ locale }),
    })),
  ])
  useHostCommands()
}

/** One command per host, as hosts come and go. */
function useHostCommands(): void {
  const hosts = useHosts()
  const current = useCurrentHost()
  const ids = computed(() => hosts.list.map(({ id }) => id).join(' '))
  watchEffect((onCleanup) => {
    if (!ids.value) return
    const held = hosts.list.map(({ id }) =>
      registerCommand({
        id: `host.${id}`,
        title: () => t('shell.command.host', { name: text(hosts.byId(id)?.name ?? { en: id, 'zh-CN': id }) }),
        run: () => (current.id = id),
      }),
    )
    onCleanup(() => {
      for (const command of held) command[Symbol.dispose]()
    })
  })
}
