import { describe, expect, it } from 'vitest'
import { colors, cssVariables, naiveOverrides, type ThemeName } from '@/ui/tokens.ts'

/** Relative luminance, WCAG 2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const themes: ThemeName[] = ['light', 'dark']

describe.each(themes)('%s theme', (theme) => {
  const c = colors(theme)

  it('keeps text readable on every ground it stands on', () => {
    const grounds = [c.base, c.surface, c.raised, c.hover, c.selected]
    const texts = [c.text, c.muted, c.accentText, c.okText, c.warnText, c.errorText, c.runningText]
    const weak = texts.flatMap((text) =>
      grounds.filter((ground) => contrast(text, ground) < 4.5).map((ground) => `${text} on ${ground}`),
    )
    expect(weak).toEqual([])
  })

  it('keeps text readable on buttons and soft grounds', () => {
    expect(contrast(c.onAccent, c.accent)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(c.onAccent, c.accentHover)).toBeGreaterThanOrEqual(4.5)
    for (const tone of ['accent', 'ok', 'warn', 'error', 'running'] as const) {
      expect(contrast(c[`${tone}Text`], c[`${tone}Soft`])).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('keeps icons and borders of controls visible', () => {
    for (const color of [c.ok, c.warn, c.error, c.running, c.accent, c.lineStrong]) {
      expect(contrast(color, c.surface)).toBeGreaterThanOrEqual(3)
    }
  })

  it('feeds the style sheet and the component library from one list', () => {
    expect(cssVariables(theme)).toMatchObject({ '--c-accent': c.accent, '--c-ok-text': c.okText, '--s-4': '16px' })
    expect(naiveOverrides(theme).common).toMatchObject({ primaryColor: c.accent, bodyColor: c.base })
  })
})
