import { describe, expect, it } from 'vitest'
import { matches, parseShortcut, shortcutLabel } from '@/shell/shortcuts.ts'

const press = (init: KeyboardEventInit) => new KeyboardEvent('keydown', init)

describe('shortcuts', () => {
  it('read mod as ⌘ on a Mac and Ctrl elsewhere', () => {
    expect(matches(press({ key: 'k', metaKey: true }), parseShortcut('mod+k', true))).toBe(true)
    expect(matches(press({ key: 'k', ctrlKey: true }), parseShortcut('mod+k', false))).toBe(true)
    expect(matches(press({ key: 'k', ctrlKey: true }), parseShortcut('mod+k', true))).toBe(false)
  })

  it('need exactly the named modifiers', () => {
    expect(matches(press({ key: 'K', ctrlKey: true, shiftKey: true }), parseShortcut('mod+k', false))).toBe(false)
  })

  it('find a key by its place where the character differs', () => {
    expect(matches(press({ key: 'Dead', code: 'Backquote', ctrlKey: true }), parseShortcut('ctrl+backquote'))).toBe(
      true,
    )
    expect(matches(press({ key: '¡', code: 'Digit1', altKey: true }), parseShortcut('alt+1', true))).toBe(true)
  })

  it('are written as the platform does', () => {
    expect(shortcutLabel('mod+k', true)).toBe('⌘K')
    expect(shortcutLabel('mod+k', false)).toBe('Ctrl K')
    expect(shortcutLabel('ctrl+backquote', false)).toBe('Ctrl `')
  })
})
