import type { ScriptStep } from '#engine/protocol/plan.ts'
import { comment, shellQuote } from '../shell.ts'
import type { Text } from '../text.ts'

/** The first lines of a script that runs by itself: it ends at the first failure and says why. */
export const scriptHead = (title: string): string[] => [
  '#!/usr/bin/env bash',
  comment(title),
  'set -euo pipefail',
  '',
  `fail() {`,
  `  printf '%s\\n' "$*" >&2`,
  `  exit 1`,
  `}`,
  '',
]

/** `docker_cli`: docker as this user, or with sudo where that asks for no password. */
export const dockerClient: readonly string[] = [
  `command -v docker >/dev/null || fail 'docker is not installed on this host.'`,
  comment('With sudo where this user may not talk to docker and sudo asks for no password'),
  'if docker info >/dev/null 2>&1; then',
  '  docker_cli() { docker "$@"; }',
  'elif sudo -n docker info >/dev/null 2>&1; then',
  '  docker_cli() { sudo -n docker "$@"; }',
  'else',
  `  fail 'docker does not answer. Start it (systemctl start docker), or add this user to the group docker.'`,
  'fi',
  '',
]

/** `as_root`: a command as root, with sudo where that asks for no password. Ends the script where neither works. */
export const rootRights: readonly string[] = [
  'as_root() {',
  '  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n -- "$@"; fi',
  '}',
  `as_root true || fail 'Needs root: log in as root, or let sudo ask for no password.'`,
  '',
]

/** `$architecture` as the names of packages and images spell it: `aarch64` and `arm64`, `x86_64` and `amd64`. */
export const imageArchitecture: readonly string[] = [
  'case "$(uname -m)" in',
  '  aarch64) architecture=arm64 ;;',
  '  x86_64) architecture=amd64 ;;',
  '  *) architecture=$(uname -m) ;;',
  'esac',
]

export const scriptText = (...parts: readonly (readonly string[])[]): string => `${parts.flat().join('\n')}\n`

/** The exit status of a script that can do no more before the host is restarted (EX_TEMPFAIL). */
export const restartStatus = 75

/** A step that ends with `restartStatus` where the host has to be restarted; it is run again afterwards. */
export const restartStep = (id: string, title: Text, script: string): ScriptStep => ({
  ...hostStep(id, title, script),
  mayNeedRestart: true,
})

/** A script for the host itself, on every host of the run. */
export const hostStep = (id: string, title: Text, script: string): ScriptStep => ({
  kind: 'script',
  id,
  title,
  script,
  where: 'host',
  nodes: 'all',
  log: 'plain',
})

/** A script that runs inside a running container instead: its exit status is that of the whole. */
export function insideContainer(container: string, title: string, script: string): string {
  const end = 'END_OF_SCRIPT'
  if (script.split('\n').includes(end)) throw new Error(`the script holds a line ${end}`)
  return scriptText(scriptHead(`${title}, inside the container ${container}`), dockerClient, [
    `name=${shellQuote(container)}`,
    comment('Standard input stays free for the programs of the script'),
    `IFS= read -r -d '' script <<'${end}' || true`,
    script.trimEnd(),
    end,
    'docker_cli exec --interactive "$name" /bin/bash -c "$script" </dev/null',
  ])
}
