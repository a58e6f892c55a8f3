import type { DeployUsage } from '#contract/index.ts'
import { NPU_RECORDING_JOB } from '#engine/protocol/npu-records.ts'

/**
 * $1: the engine's folder, absolute. Prints `key value` lines: what each version takes (KiB, time), and the arguments
 * of running programs that begin with one of them. Only programs of the own user are seen where /proc hides others.
 */
export const USAGE = `
for kind in engine runtime; do
  for folder in "$1/$kind"/*/; do
    [ -d "$folder" ] || continue
    echo "$kind $(du -sk "$folder" | cut -f 1) $(date -r "$folder" +%s) $(basename "$folder")"
  done
done
[ -d "$1" ] && echo "all $(du -sk "$1" | cut -f 1)"
[ -d "$1/jobs" ] && echo "jobs $(ls "$1/jobs" | wc -l)"
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -A 2 -e '/engine[.]mjs$' -e '/bin/node$' | sed 's/^/arg /'
exit 0`

/** $1 folder, $2 name of a Node that was brought. */
export const REMOVE_RUNTIME = `rm -rf "$1/runtime/$2"`

interface Program {
  readonly engine: string
  readonly role: string
  /** That of a job or a terminal; for other roles whatever comes next. */
  readonly folder: string
}

/** What {@link USAGE} printed. Lines that are not understood are passed over: a host may lack one of the tools. */
export function parseUsage(text: string): DeployUsage {
  const lines = text.split('\n')
  const found = (kind: string) =>
    lines.flatMap((line) => {
      const [, part, kib, seconds, name] = /^(\w+) (\d+) (\d+) (.+)$/.exec(line) ?? []
      return part === kind && name !== undefined
        ? [{ name, bytes: Number(kib) * 1024, installedAt: Number(seconds) * 1000 }]
        : []
    })
  const one = (kind: string): number =>
    Number(lines.map((line) => /^(\w+) +(\d+)$/.exec(line)).find((match) => match?.[1] === kind)?.[2] ?? 0)
  const args = lines.flatMap((line) => (line.startsWith('arg ') ? [line.slice(4)] : []))
  const programs = programsOf(args)
  const running = (engine: string, role: string) =>
    programs.filter((program) => program.engine === engine && program.role === role && !isService(program)).length
  return {
    engines: found('engine').map((engine) => ({
      ...engine,
      jobs: running(engine.name, 'supervise'),
      terminals: running(engine.name, 'terminal'),
      connections: running(engine.name, 'serve'),
    })),
    runtimes: found('runtime').map((runtime) => ({
      ...runtime,
      programs: args.filter((arg) => arg.endsWith(`/runtime/${runtime.name}/bin/node`)).length,
    })),
    totalBytes: one('all') * 1024,
    jobFolders: one('jobs'),
  }
}

/** The recording of NPUs is no work of the user's: it ends with the engine. */
const isService = ({ folder }: Program): boolean => folder.endsWith(`/${NPU_RECORDING_JOB}`)

/** The engine's path is followed by what it was started as. */
function programsOf(args: readonly string[]): Program[] {
  return args.flatMap((arg, at) => {
    const engine = /\/engine\/([^/]+)\/engine\.mjs$/.exec(arg)?.[1]
    const role = args[at + 1]
    return engine === undefined || role === undefined ? [] : [{ engine, role, folder: args[at + 2] ?? '' }]
  })
}
