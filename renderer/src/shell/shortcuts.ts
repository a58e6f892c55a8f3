import { allCommands, runCommand } from './commands.ts'

export const isMac = /mac/i.test(navigator.platform)

interface Keys {
  readonly ctrl: boolean
  readonly meta: boolean
  readonly alt: boolean
  readonly shift: boolean
  readonly key: string
}

const names: Record<string, string> = { ' ': 'space', '`': 'backquote', ',': 'comma' }

/** `mod+shift+k` as the keys it means on this platform. */
export function parseShortcut(shortcut: string, onMac = isMac): Keys {
  const parts = shortcut.toLowerCase().split('+')
  const has = (part: string) => parts.includes(part)
  return {
    ctrl: has('ctrl') || (has('mod') && !onMac),
    meta: has('meta') || (has('mod') && onMac),
    alt: has('alt'),
    shift: has('shift'),
    key: parts.at(-1) ?? '',
  }
}

/** The key by its place on the keyboard: with Alt held, a Mac writes another character. */
const placeOf = ({ code }: KeyboardEvent) => code.toLowerCase().replace(/^(key|digit)(?=.$)/, '')

export function matches(event: KeyboardEvent, keys: Keys): boolean {
  const key = event.key.toLowerCase()
  const isKey = (names[key] ?? key) === keys.key || placeOf(event) === keys.key
  return (
    isKey &&
    event.ctrlKey === keys.ctrl &&
    event.metaKey === keys.meta &&
    event.altKey === keys.alt &&
    event.shiftKey === keys.shift
  )
}

const symbols: Record<string, string> = { backquote: '`', comma: ',', enter: '⏎', escape: 'Esc' }

/** As it is written beside a command: `⌘K` or `Ctrl K`. */
export function shortcutLabel(shortcut: string, onMac = isMac): string {
  const { ctrl, meta, alt, shift, key } = parseShortcut(shortcut, onMac)
  const name = symbols[key] ?? (key.length === 1 ? key.toUpperCase() : key.replace(/^./, (c) => c.toUpperCase()))
  if (onMac) return `${ctrl ? '⌃' : ''}${alt ? '⌥' : ''}${shift ? '⇧' : ''}${meta ? '⌘' : ''}${name}`
  return [ctrl && 'Ctrl', meta && 'Meta', alt && 'Alt', shift && 'Shift', name].filter(Boolean).join(' ')
}

/** With Alt a Mac types characters, so there such a shortcut must not take them from a field. */
function isTyped(event: KeyboardEvent): boolean {
  const isField = event.target instanceof HTMLElement && event.target.matches('input, textarea, [contenteditable]')
  return isMac && isField && event.altKey && !event.ctrlKey && !event.metaKey
}

/** Runs the first enabled command whose shortcut is pressed. */
export function handleShortcut(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isTyped(event)) return
  const command = allCommands().find(
    ({ shortcut, isEnabled }) => shortcut && isEnabled?.() !== false && matches(event, parseShortcut(shortcut)),
  )
  if (!command) return
  event.preventDefault()
  void runCommand(command.id)
}
