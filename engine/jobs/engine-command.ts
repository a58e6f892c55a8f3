/** The command line that runs this same program again, from the bundle or from source. */
export function engineCommand(...args: string[]): [string, ...string[]] {
  const entry = process.env.AWB_ENGINE_ENTRY ?? process.argv[1]
  if (!entry) throw new Error('the path of the engine is not known')
  return [process.execPath, ...process.execArgv, entry, ...args]
}
