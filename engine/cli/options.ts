import { type Command, InvalidArgumentError, Option } from 'commander'
import { chooseLocale } from './language.ts'
import { Session } from './session.ts'

/** Parsers of option values; what they refuse is a usage error that names the option. */
export function integer(least: number): (text: string) => number {
  return (text) => {
    if (!/^-?\d+$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`Expected an integer of ${least} or more.`)
    return Number(text)
  }
}

export function decimal(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text)
    if (!Number.isFinite(value) || value < least || value > most) {
      const range = most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`
      throw new InvalidArgumentError(`Expected a number ${range}.`)
    }
    return value
  }
}

/** Each word of `a,b,c`. */
export const list = (text: string): string[] => text.split(',').map((part) => part.trim())

export const choice = (flags: string, description: string, values: readonly string[]): Option =>
  new Option(flags, description).choices(values)

/** Carries the exit code of the command that was run out of commander. */
export interface Outcome {
  exitCode: number
}

/** Options that every command has. */
interface CommonOptions {
  json?: boolean
  lang?: string
}

/**
 * Adds a command. Its work gets the arguments in order, then the options; the session answers and knows the language.
 */
export function addCommand<O extends object>(
  parent: Command,
  outcome: Outcome,
  usage: string,
  description: string,
  build: (command: Command) => Command,
  work: (session: Session, args: string[], options: O) => Promise<void>,
): void {
  const command = build(parent.command(usage).description(description))
  command.option('--json', 'print the result as JSON')
  command.addOption(new Option('--lang <locale>', 'language of messages (default: from LANG)').choices(['en', 'zh-CN']))
  command.action(async () => {
    const options = command.opts<O & CommonOptions>()
    const session = new Session(options.json === true, chooseLocale(options.lang, process.env))
    outcome.exitCode = await session.run(() => work(session, command.processedArgs.flat() as string[], options))
  })
}

/** Examples below the help of a command. */
export const examples = (command: Command, ...lines: string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`)

/** An argument that is a path; commander has checked already that it is there. */
export const pathAt = (session: Session, args: string[], index: number): string => session.path(args[index] ?? '')
