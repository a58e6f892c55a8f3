import { onScopeDispose, watch } from 'vue'
import { type Command, registerCommand } from './commands.ts'
import { useTabs } from './tabs.ts'

/**
 * Commands of a view that exist while its tab is in front. Open tabs stay mounted, so several views of a kind may offer
 * the same command: it always means the one that is looked at.
 */
export function useTabCommands(tabId: () => string, commands: readonly Command[]): void {
  const tabs = useTabs()
  let held: Disposable[] = []
  const release = () => {
    for (const disposable of held.reverse()) disposable[Symbol.dispose]()
    held = []
  }
  watch(
    () => tabs.active?.id === tabId(),
    (isInFront) => {
      release()
      if (isInFront) held = commands.map(registerCommand)
    },
    { immediate: true },
  )
  onScopeDispose(release)
}
