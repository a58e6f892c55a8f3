import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createFileAtomic, writeFileAtomic } from '../host/atomic-file.ts'
import { AppError } from '../protocol/errors/index.ts'
import { isMissing } from '../host/fs-errors.ts'
import { engineCommand } from './engine-command.ts'
import type { JobFolder, StoredSpec } from './job-folder.ts'
import { bootId, isWindows } from './platform.ts'

/**
 * Runs the job's command and leaves its status in `exit`, so that it is known even if the supervisor has died. It
 * claims `pid` by creating it: should two launchers meet, one runs the job and the other leaves. TERM reaches the
 * command through the group; the launcher itself outlives it to write the status, also once a full disk has space.
 */
const LAUNCHER = `
dir=$1 boot=$2
shift 2
trap : HUP INT TERM
set -C
{ echo $$ && echo "$boot" && { cat /proc/$$/stat 2>/dev/null || LC_ALL=C ps -o lstart= -p $$; }; } >"$dir/pid" || exit 75
set +C
"$@"
code=$?
until { echo $code >"$dir/exit.tmp" && mv -f "$dir/exit.tmp" "$dir/exit"; } 2>/dev/null; do
  [ -d "$dir" ] || exit 0
  sleep 1
done
`

/** Variables that are about the engine's own process and would mislead a job. */
const PRIVATE_VARIABLES = ['ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'NODE_CHANNEL_FD', 'INIT_CWD']

/** Starts the job in a process group of its own, its output going straight to `output.log`. */
export function launch(folder: JobFolder, spec: StoredSpec): ChildProcess {
  const cwd = spec.cwd ?? folder.path
  if (!existsSync(cwd)) throw new AppError('job.cwdMissing', { path: cwd })
  const env = jobEnvironment(folder, spec)
  const command = spec.run.kind === 'task' ? engineCommand('task', folder.path) : scriptCommand(folder, env)
  const output = openOutput(folder)
  try {
    const options = { cwd, env, detached: true, stdio: ['ignore', output, output] as const, windowsHide: true }
    const [program, ...args] = isWindows
      ? command
      : ['/bin/sh', '-c', LAUNCHER, `awb-job-${spec.id}`, folder.path, bootId(), ...command]
    const child = spawn(program as string, args, { ...options, stdio: [...options.stdio] })
    if (isWindows) recordOnWindows(folder, child)
    return child
  } finally {
    closeSync(output)
  }
}

/** For appending, so that the job and its children never write over each other. */
const openOutput = (folder: JobFolder): number => openSync(folder.output, 'a', 0o600)

function jobEnvironment(folder: JobFolder, spec: StoredSpec): NodeJS.ProcessEnv {
  // A task is the engine itself, which may have to run as Node inside another program.
  const dropped = spec.run.kind === 'task' ? PRIVATE_VARIABLES.slice(1) : PRIVATE_VARIABLES
  const inherited = Object.entries(process.env).filter(([name]) => !dropped.includes(name))
  return { ...Object.fromEntries(inherited), ...spec.env, AWB_JOB_ID: spec.id, AWB_JOB_FOLDER: folder.path }
}

function scriptCommand(folder: JobFolder, env: NodeJS.ProcessEnv): [string, ...string[]] {
  const name = isWindows ? 'bash.exe' : 'bash'
  const isThere = (env.PATH ?? '').split(delimiter).some((entry) => existsSync(join(entry, name)))
  if (!isThere) throw new AppError('job.noBash')
  return ['bash', folder.script]
}

/** Windows has no shell to run the launcher: the supervisor does its work, and only while it lives. */
function recordOnWindows(folder: JobFolder, child: ChildProcess): void {
  if (child.pid === undefined) return
  createFileAtomic(folder.pid, `${child.pid}\n${bootId()}\n`)
  child.once('exit', (code) => {
    try {
      writeFileAtomic(folder.exit, `${code ?? 137}\n`)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
}
