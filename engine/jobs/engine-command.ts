/** The command line that runs this same program in another role, from the bundle or from source. */
export function engineCommand(...args: string[]): [string, ...string[]] {
  const entry = process.argv[1]
  if (!entry) throw new Error('the path of the engine is not known')
  return [process.execPath, entry, ...args]
}
