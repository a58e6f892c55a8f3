/** Shell text that is inserted as it is: a variable in double quotes, an operator. Everything else is quoted. */
export interface RawShell {
  readonly raw: string
}
export type ShellWord = string | number | RawShell

/** Marks text that the shell is meant to interpret. Never made of what a user typed. */
export const raw = (text: string): RawShell => ({ raw: text })

/** The value of a shell variable as one word: `variable('NODE_RANK')` → `"$NODE_RANK"`. */
export function variable(name: string): RawShell {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`not the name of a shell variable: ${name}`)
  return raw(`"$${name}"`)
}

const plainWord = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/**
 * One word of a POSIX shell command that has exactly this value, whatever it contains. Plain words stay readable; the
 * rest is put in single quotes. A NUL cannot be part of a word and is refused.
 */
export function shellQuote(value: string | number): string {
  const word = String(value)
  if (word.includes('\0')) throw new Error('a shell word cannot contain a NUL character')
  return plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

const render = (word: ShellWord): string => (typeof word === 'object' ? word.raw : shellQuote(word))

/** Words that belong on one line of a long command: a flag and its values. */
export type ShellLine = ShellWord | readonly ShellWord[]

/** A command over continuation lines: the program first, then one argument (a flag with its values) per line. */
export function commandLine(program: ShellLine, args: readonly ShellLine[]): string {
  const lines = [program, ...args].map((line) => (isWords(line) ? line.map(render).join(' ') : render(line)))
  return lines.filter((line) => line !== '').join(' \\\n  ')
}

/** `NAME=value`, the value quoted. */
export function assignment(name: string, value: string | number): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`not the name of a shell variable: ${name}`)
  return `${name}=${shellQuote(value)}`
}

/** A comment of any text: line breaks cannot end it early. */
export const comment = (text: string): string => `# ${text.replace(/[\r\n]+/g, ' ')}`

const isWords = (line: ShellLine): line is readonly ShellWord[] => Array.isArray(line)
