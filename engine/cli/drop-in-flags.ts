import { UsageError } from './session.ts'

/** Flags of a Python script as its own parser reads them: `--flag value`, `--flag=value`, unique beginnings. */
export interface FlagSpec {
  /** Flags with a value. */
  readonly values: readonly string[]
  /** Flags without one. */
  readonly switches?: readonly string[]
}

/**
 * Parses the arguments of a drop-in. Flags are named without the dashes; the last one of the same name counts.
 *
 * @throws UsageError naming the flag that is unknown, ambiguous or without a value
 */
export function parseFlags(args: readonly string[], spec: FlagSpec): ReadonlyMap<string, string> {
  const switches = spec.switches ?? []
  const known = [...spec.values, ...switches]
  const flags = new Map<string, string>()
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (!argument.startsWith('--')) throw new UsageError(`unexpected argument: ${argument}`)
    const equals = argument.indexOf('=')
    const flag = complete(argument.slice(2, equals < 0 ? undefined : equals), known)
    if (switches.includes(flag)) {
      if (equals >= 0) throw new UsageError(`--${flag} takes no value`)
      flags.set(flag, 'true')
      continue
    }
    const value = equals < 0 ? args[++index] : argument.slice(equals + 1)
    if (value === undefined || (equals < 0 && value.startsWith('--'))) throw new UsageError(`--${flag} needs a value`)
    flags.set(flag, value)
  }
  return flags
}

function complete(text: string, known: readonly string[]): string {
  if (known.includes(text)) return text
  const matches = known.filter((flag) => flag.startsWith(text))
  const [match] = matches
  if (match === undefined) {
    throw new UsageError(`unknown option: --${text}. Known: ${known.map((flag) => `--${flag}`).join(', ')}`)
  }
  if (matches.length > 1) throw new UsageError(`--${text} may be ${matches.map((flag) => `--${flag}`).join(' or ')}`)
  return match
}

/** Python's idea of a switch with a value, as MindFormers' `str2bool` reads it. */
export function flagIsTrue(flags: ReadonlyMap<string, string>, flag: string): boolean {
  const value = flags.get(flag)
  if (value === undefined) return false
  if (/^(true|1)$/i.test(value)) return true
  if (/^(false|0)$/i.test(value)) return false
  throw new UsageError(`--${flag} is True or False, not ${value}`)
}

/**
 * Command lines of scripts may name them with their folder, behind `python` or not: both are taken off, and the script's
 * path goes along as `--script`, for a folder tells families apart. Scripts of one family only have no use for it.
 */
export function withoutInterpreter(
  args: readonly string[],
  scripts: readonly string[],
  scriptsOfOneFamily: readonly string[] = [],
): string[] {
  const start = /^python(3(\.\d+)?)?$/.test(args[0] ?? '') ? 1 : 0
  const path = args[start] ?? ''
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  if (scriptsOfOneFamily.includes(name)) return [name, ...args.slice(start + 1)]
  if (!scripts.includes(name)) return [...args]
  return [name, ...(path === name ? [] : [`--script=${path}`]), ...args.slice(start + 1)]
}
