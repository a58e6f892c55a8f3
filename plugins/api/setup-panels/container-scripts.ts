import { comment, shellQuote } from '../shell.ts'
import { inQuotes, mountValue, type Mount } from './container-mounts.ts'
import { rangesOf } from './npu-numbers.ts'
import { dockerClient, imageArchitecture, scriptHead, scriptText } from './script.ts'

/** A container as it is to be made; everything is checked before. */
export interface Container {
  readonly image: string
  readonly name: string
  readonly replace: boolean
  readonly command: string
  /** Numbers of the device nodes. */
  readonly npus: readonly number[]
  readonly access: 'devices' | 'runtime' | 'privileged'
  readonly user: string
  readonly ipc: 'host' | 'private'
  readonly shmGib: number
  readonly network: 'host' | 'bridge'
  readonly ports: readonly string[]
  readonly hostPids: boolean
  readonly memoryGib: number | null
  readonly environment: readonly string[]
  /** A folder at the same path inside, made where it is missing; empty for none. */
  readonly workspace: string
  /** Have to be there. */
  readonly mounts: readonly Mount[]
  /** Left out where the host does not have them. */
  readonly systemMounts: readonly Mount[]
}

/** Nodes that every use of an NPU needs; without one of them the driver says -8005 or drvRet=87. */
const managementNodes = ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']

const nodesOf = ({ npus, access }: Container): string[] =>
  npus.length === 0 || access === 'runtime'
    ? []
    : [...npus.map((number) => `/dev/davinci${number}`), ...managementNodes]

/** Ends where the image, a device node or a folder is missing, or the name is taken. Changes nothing. */
export const checkScript = (container: Container): string =>
  scriptText(
    scriptHead(`Check what the container ${container.name} needs`),
    dockerClient,
    [`image=${shellQuote(container.image)}`, `name=${shellQuote(container.name)}`],
    nameCheck(container),
    imageCheck,
    pathCheck(container),
    runtimeCheck(container),
    holderCheck(container),
    [`echo "Everything for the container $name is there."`],
  )

const nameCheck = ({ replace }: Container): string[] =>
  replace
    ? []
    : [
        'if docker_cli container inspect "$name" >/dev/null 2>&1; then',
        '  fail "A container $name exists. Take another name, or allow to replace it."',
        'fi',
      ]

const imageCheck: readonly string[] = [
  'docker_cli image inspect "$image" >/dev/null 2>&1 || fail "The image $image is not on this host."',
  ...imageArchitecture,
  `built_for=$(docker_cli image inspect --format '{{.Architecture}}' "$image")`,
  '[ "$built_for" = "$architecture" ] || fail "The image $image is for $built_for, this host is $architecture."',
]

function pathCheck(container: Container): string[] {
  const driver = container.npus.length > 0 && container.access !== 'runtime' ? ['/usr/local/Ascend/driver'] : []
  const paths = [...nodesOf(container), ...driver, ...container.mounts.map(({ source }) => source)]
  if (paths.length === 0) return []
  return [
    'paths=(',
    ...paths.map((path) => `  ${inQuotes(path)}`),
    ')',
    'missing=()',
    'for path in "${paths[@]}"; do',
    '  [ -e "$path" ] || missing+=("$path")',
    'done',
    '[ "${#missing[@]}" -eq 0 ] || fail "Not on this host: ${missing[*]}"',
  ]
}

const runtimeCheck = ({ access, npus }: Container): string[] =>
  access === 'runtime' && npus.length > 0
    ? [
        `runtimes=$(docker_cli info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}')`,
        'case " $runtimes " in',
        '  *" ascend "*) ;;',
        '  *) fail "docker does not know the runtime ascend, only: $runtimes" ;;',
        'esac',
      ]
    : []

function holderCheck(container: Container): string[] {
  if (nodesOf(container).length === 0) return []
  return [
    comment('A card belongs to one container: a second one fails with -8020 or EL0005'),
    `numbers=(${container.npus.join(' ')})`,
    'for id in $(docker_cli ps --quiet); do',
    `  other=$(docker_cli container inspect --format '{{.Name}}' "$id")`,
    '  [ "$other" != "/$name" ] || continue',
    `  devices=$(docker_cli container inspect --format '{{range .HostConfig.Devices}} {{.PathOnHost}}{{end}} ' "$id")`,
    '  for number in "${numbers[@]}"; do',
    '    case "$devices" in',
    '      *" /dev/davinci$number "*) echo "Note: the running container ${other#/} has /dev/davinci$number, too." >&2 ;;',
    '    esac',
    '  done',
    'done',
  ]
}

/** Makes and starts the container. Where one is replaced it comes back if the new one cannot be made. */
export function createScript(container: Container): string {
  const { replace, systemMounts } = container
  return scriptText(
    scriptHead(`Start the container ${container.name}`),
    dockerClient,
    [`image=${shellQuote(container.image)}`, `name=${shellQuote(container.name)}`, ''],
    ['arguments=(', ...runArguments(container).map((line) => `  ${line}`), ')'],
    workspaceLines(container),
    systemMounts.length === 0 ? [] : mountFunction,
    systemMounts.map((mount) => `mount_if_there ${shellQuote(mount.source)} ${mountValue(mount)}`),
    [''],
    replace ? replaceLines(container) : createLines(container),
  )
}

function workspaceLines({ workspace }: Container): string[] {
  if (workspace === '') return []
  const mount = { source: workspace, target: workspace, isReadOnly: false }
  return [`mkdir -p -- ${shellQuote(workspace)}`, `arguments+=(--mount ${mountValue(mount)})`]
}

const mountFunction: readonly string[] = [
  comment('--mount refuses what is missing, where -v would make an empty folder of it on the host'),
  'mount_if_there() {',
  '  if [ -e "$1" ]; then arguments+=(--mount "$2"); else echo "Left out, not on this host: $1"; fi',
  '}',
]

function runArguments(container: Container): string[] {
  const { npus, access, user, ipc, shmGib, network, ports, hostPids, memoryGib, environment, mounts } = container
  const usesRuntime = access === 'runtime' && npus.length > 0
  return [
    '--interactive --tty --detach',
    '--name "$name"',
    ...(user === '' ? [] : [`--user ${shellQuote(user)}`]),
    ...(access === 'privileged' ? ['--privileged'] : []),
    ...(usesRuntime ? ['--runtime=ascend', `--env ${inQuotes(`ASCEND_VISIBLE_DEVICES=${rangesOf(npus)}`)}`] : []),
    ...nodesOf(container).map((node) => `--device=${node}`),
    ipc === 'host' ? '--ipc=host' : `--shm-size=${shmGib}g`,
    `--network=${network}`,
    ...(network === 'bridge' ? ports.map((port) => `--publish ${shellQuote(port)}`) : []),
    ...(hostPids ? ['--pid=host'] : []),
    ...(memoryGib === null ? [] : [`--memory=${memoryGib}g`]),
    ...environment.map((line) => `--env ${shellQuote(line)}`),
    ...mounts.map((mount) => `--mount ${mountValue(mount)}`),
  ]
}

const runCommand = ({ command }: Container): string =>
  `docker_cli run "\${arguments[@]}" "$image" /bin/bash${command === '' ? '' : ` -c ${shellQuote(command)}`}`

const createLines = (container: Container): string[] => [
  'if docker_cli container inspect "$name" >/dev/null 2>&1; then',
  '  fail "A container $name exists. Take another name, or allow to replace it."',
  'fi',
  runCommand(container),
]

const replaceLines = (container: Container): string[] => [
  comment('The old container stays aside until the new one runs'),
  'old=',
  'was_running=false',
  'if docker_cli container inspect "$name" >/dev/null 2>&1; then',
  '  old="$name-before-$$"',
  `  was_running=$(docker_cli container inspect --format '{{.State.Running}}' "$name")`,
  '  docker_cli stop "$name" >/dev/null',
  '  docker_cli rename "$name" "$old"',
  'fi',
  `if ${runCommand(container)}; then`,
  '  [ -z "$old" ] || docker_cli rm --force "$old" >/dev/null',
  'elif [ -z "$old" ]; then',
  '  fail "The container $name could not be started."',
  'else',
  '  docker_cli rm --force "$name" >/dev/null 2>&1 || true',
  '  docker_cli rename "$old" "$name"',
  '  [ "$was_running" = false ] || docker_cli start "$name" >/dev/null',
  '  fail "The new container could not be started. The old $name is back."',
  'fi',
]

/** Shows what docker made of it, and ends with the container's own words where it does not run. */
export const showScript = ({ name }: Container): string =>
  scriptText(scriptHead(`Show the container ${name}`), dockerClient, [
    `name=${shellQuote(name)}`,
    'docker_cli container inspect --format \\',
    `  ${shellQuote(summaryTemplate)} "$name"`,
    `if [ "$(docker_cli container inspect --format '{{.State.Running}}' "$name")" != true ]; then`,
    '  docker_cli logs --tail 50 "$name" >&2',
    '  fail "The container $name does not run. Its last lines are above."',
    'fi',
  ])

const summaryTemplate = [
  'Name: {{.Name}}',
  'Image: {{.Config.Image}}',
  'State: {{.State.Status}}',
  'User: {{.Config.User}}',
  'Privileged: {{.HostConfig.Privileged}}',
  'Shared memory: {{.HostConfig.IpcMode}}',
  'Network: {{.HostConfig.NetworkMode}}',
  'Devices:{{range .HostConfig.Devices}} {{.PathOnHost}}{{end}}',
  '{{range .Mounts}}Mount: {{.Source}} -> {{.Destination}}{{if not .RW}} (read only){{end}}',
  '{{end}}',
].join('\n')
