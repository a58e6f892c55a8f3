// eslint-disable-next-line no-control-regex -- escape sequences are what is being removed
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
// eslint-disable-next-line no-control-regex -- a serial console or a broken copy leaves these behind
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\u200b]/g

/**
 * The lines of something that a user pasted: without colours, carriage returns, control characters, quotation marks of
 * mail and Markdown (`> `), code fences and trailing blanks. Leading blanks stay; some outputs mean something by them.
 */
export function cleanLines(text: string): string[] {
  const lines = text
    .replace(ANSI, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(CONTROL, '').replaceAll('\u00a0', ' ').trimEnd())
  const filled = lines.filter((line) => line !== '')
  const isQuoted = filled.length > 0 && filled.every((line) => /^\s*>/.test(line))
  return lines
    .map((line) => (isQuoted || /^\s*>+\s*[+|]/.test(line) ? unquote(line) : line))
    .filter((line) => !/^\s*```/.test(line))
}

/** Whether the text carries marks of quoting, so that it is a copy by hand. */
export const isQuotedText = (text: string): boolean => /^\s*>+ *[+|]/m.test(text)

/** Takes the quotation marks of one line away; a lone `>` is an empty line. */
export const unquote = (line: string): string => line.replace(/^\s*(?:>\s?)+/, '')

/** The number in a cell, or null where the cell prints `NA`, `-` or something that is no number. */
export function cellNumber(text: string | undefined): number | null {
  const found = /^[+-]?\d+(?:\.\d+)?$/.exec((text ?? '').trim())
  return found ? Number(found[0]) : null
}

/** A value as text, or null where it is printed as not available. */
export const cellText = (text: string): string | null => (/^(?:NA|N\/A|-+|)$/i.test(text.trim()) ? null : text.trim())

const MAX_LINE = 4000

/** Lines without their far ends: no output prints such long lines, and patterns take longer than they are worth. */
export const shortLines = (lines: string[]): string[] => lines.map((line) => line.slice(0, MAX_LINE))
