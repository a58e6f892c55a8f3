/** A leading `=` is a command's path to zsh, so it is not among the first characters. */
const SAFE = /^[A-Za-z0-9_/:.,@%+-][A-Za-z0-9_/:.,@%+=-]*$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * A text as one word of a POSIX shell. Whatever it holds, the shell sees the same bytes and expands nothing.
 * Throws RangeError for a NUL, which no argument can hold.
 */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL')
  if (SAFE.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * An argument list as the one line that an SSH server hands to the login shell of the user. The program replaces that
 * shell (`exec`), so signals reach it and neither keywords nor functions nor aliases of the shell can take its place.
 * `env` is added by `env`, because servers drop the variables that a client sends; it is visible to other users of the
 * host, so no secret belongs there. Throws RangeError for an empty list, a program that starts with a dash, a NUL, or a
 * name that no variable can have.
 */
export function shellCommand(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const program = argv[0]
  if (program === undefined || program === '') throw new RangeError('a command needs a program')
  if (program.startsWith('-')) throw new RangeError(`a program cannot start with a dash: ${program}`)
  const variables = Object.entries(env).map(([name, value]) => {
    if (!VARIABLE.test(name)) throw new RangeError(`not the name of a variable: ${name}`)
    return `${name}=${value}`
  })
  // `env` takes everything with an equals sign for a variable, also the program.
  if (variables.length > 0 && program.includes('='))
    throw new RangeError(`env cannot start a program with "=": ${program}`)
  const words = variables.length > 0 ? ['env', ...variables, ...argv] : argv
  return `exec ${words.map(shellQuote).join(' ')}`
}
