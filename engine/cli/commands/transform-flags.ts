import { type Session, UsageError } from '../session.ts'

/** What MindFormers' transform scripts put in front of a rank's number. */
export const DEFAULT_PREFIX = 'checkpoint_'

/** Empty and `None` stand for a complete checkpoint. */
export function strategyOf(session: Session, flags: ReadonlyMap<string, string>, flag: string): string | undefined {
  const value = flags.get(flag) ?? ''
  return value === '' || value === 'None' ? undefined : session.path(value)
}

/** @throws UsageError where the flag is missing or empty */
export function required(flags: ReadonlyMap<string, string>, flag: string): string {
  const value = flags.get(flag)
  if (value === undefined || value === '') throw new UsageError(`--${flag} is missing`)
  return value
}
