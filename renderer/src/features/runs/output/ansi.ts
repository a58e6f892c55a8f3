import Anser from 'anser'

/** A run of characters of one look. `color` is a palette index 0-15 or an `r, g, b` triple. */
export interface AnsiSpan {
  readonly text: string
  readonly color: number | string | null
  readonly background: number | string | null
  readonly isBold: boolean
  readonly isDim: boolean
  readonly isItalic: boolean
  readonly isUnderlined: boolean
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

/** The 16 named colours follow the theme; the others are exact. */
function colorOf(name: string | null, truecolor: string | null): number | string | null {
  if (!name) return null
  const match = /^ansi-(bright-)?(\w+)$/.exec(name)
  const index = names.indexOf(match?.[2] ?? '')
  if (index >= 0) return match?.[1] ? index + 8 : index
  const palette = /^ansi-palette-(\d+)$/.exec(name)
  if (palette) return paletteColor(Number(palette[1]))
  return truecolor
}

/** The 256-colour palette: 16 named, a 6×6×6 cube, 24 greys. */
function paletteColor(index: number): number | string {
  if (index < 16) return index
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return `${grey}, ${grey}, ${grey}`
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40)
  const cube = index - 16
  return `${level(Math.floor(cube / 36))}, ${level(Math.floor(cube / 6) % 6)}, ${level(cube % 6)}`
}

// Everything that is not a colour: cursor moves, titles, links, single escapes. Colours (`m`) are left for anser.
// eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
const notColor = /\u001b(?:\[[0-9;?]*[A-Za-ln-z@~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Z0-9]|[=>78cDEHM])/g
// eslint-disable-next-line no-control-regex -- the same, colours included
const anySequence = /\u001b(?:\[[0-9;?]*[A-Za-z@~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Z0-9]|[=>78cDEHM])/g

/** The visible text of a line. */
export const stripAnsi = (line: string): string => (line.includes('\u001b') ? line.replace(anySequence, '') : line)

/** A line as spans of one look each. The result is text: nothing in it is ever markup. */
export function ansiSpans(line: string): AnsiSpan[] {
  if (!line.includes('\u001b')) return line === '' ? [] : [plain(line)]
  return Anser.ansiToJson(line.replace(notColor, ''), { use_classes: true, remove_empty: true }).map((part) => ({
    text: part.content,
    color: colorOf(part.fg, part.fg_truecolor),
    background: colorOf(part.bg, part.bg_truecolor),
    isBold: part.decorations.includes('bold'),
    isDim: part.decorations.includes('dim'),
    isItalic: part.decorations.includes('italic'),
    isUnderlined: part.decorations.includes('underline'),
  }))
}

const plain = (text: string): AnsiSpan => ({
  text,
  color: null,
  background: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
})

export type LineLevel = 'error' | 'warning' | null

const errorLine = /\b(?:error|fatal|traceback|exception|failed|[A-Z][A-Za-z]+Error)\b|\bE[A-Z]\d{4}\b/i
const warningLine = /\bwarn(?:ing)?\b/i

/** How a line is marked at its edge, by the words engineers' tools use. */
export function lineLevel(visible: string): LineLevel {
  if (errorLine.test(visible)) return 'error'
  return warningLine.test(visible) ? 'warning' : null
}
