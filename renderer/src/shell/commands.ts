import { onScopeDispose, shallowReactive } from 'vue'
import { type MessageKey, t } from '../i18n/index.ts'
import { notifyError } from './notifications.ts'

/** Everything that can be done has an id and a title, so that buttons, keys and the palette do the same. */
export interface Command {
  readonly id: string
  readonly title: MessageKey | (() => string)
  /** `mod` is ⌘ on a Mac and Ctrl elsewhere: `mod+k`, `ctrl+backquote`, `alt+1`. */
  readonly shortcut?: string
  readonly run: () => unknown
  readonly isEnabled?: () => boolean
  /** Not offered in the palette. */
  readonly isHidden?: boolean
}

const registry = shallowReactive(new Map<string, Command>())

export const allCommands = (): Command[] => [...registry.values()]

export const commandTitle = ({ title }: Command): string => (typeof title === 'function' ? title() : t(title))

/** A later command of the same id hides the earlier one until it is disposed of. */
export function registerCommand(command: Command): Disposable {
  const earlier = registry.get(command.id)
  registry.set(command.id, command)
  return {
    [Symbol.dispose]: () => {
      if (registry.get(command.id) !== command) return
      if (earlier) registry.set(command.id, earlier)
      else registry.delete(command.id)
    },
  }
}

/** Commands that exist as long as the component that offers them. */
export function useCommands(commands: readonly Command[]): void {
  const held = commands.map(registerCommand)
  onScopeDispose(() => {
    for (const disposable of held.reverse()) disposable[Symbol.dispose]()
  })
}

/** Runs a command if it is known and enabled; a failure becomes a notification. */
export async function runCommand(id: string): Promise<void> {
  const command = registry.get(id)
  if (!command || command.isEnabled?.() === false) return
  try {
    await command.run()
  } catch (error) {
    notifyError(error, commandTitle(command))
  }
}
