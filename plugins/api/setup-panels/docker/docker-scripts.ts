import { comment, shellQuote } from '../../shell.ts'
import { dockerClient, rootRights, scriptHead, scriptText } from '../script.ts'
import { mergeSettings } from './merge-settings.ts'

/** Docker as it is to be set up; everything is checked before. */
export interface DockerSetup {
  readonly origin: 'repository' | 'files' | 'static' | 'none'
  readonly archive: string
  readonly packages: string
  readonly runtime: boolean
  readonly runtimePackage: string
  readonly runtimeIsDefault: boolean
  readonly runtimeOptions: readonly string[]
  readonly mirrors: readonly string[]
  readonly insecure: readonly string[]
  readonly dataRoot: string
  readonly restart: boolean
  readonly configFile: string
}

/** Where the package puts it unless told otherwise. */
const runtimeProgram = '/usr/local/Ascend/Ascend-Docker-Runtime/ascend-docker-runtime'

/** `$docker_there`: the version of a docker that is there, empty without one. */
const thereLines: readonly string[] = [
  `PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"`,
  'docker_there=$(docker --version 2>/dev/null || true)',
  'case "$docker_there" in',
  '  *podman*) fail "The command docker is podman here. Remove podman-docker first, or use podman as it is." ;;',
  'esac',
]

const managerLines: readonly string[] = [
  'manager=',
  'for name in apt-get dnf yum; do',
  '  if command -v "$name" >/dev/null; then',
  '    manager=$name',
  '    break',
  '  fi',
  'done',
]

/** `$runtime`: the program of the Ascend Docker Runtime, empty where it is not installed. */
const findRuntime: readonly string[] = [
  `runtime=\${ASCEND_RUNTIME:-${runtimeProgram}}`,
  'if [ ! -x "$runtime" ]; then runtime=$(command -v ascend-docker-runtime || true); fi',
]

/** Looks at rights, packages and settings before anything changes. */
export function checkDockerScript(setup: DockerSetup): string {
  const { origin, archive, packages, runtime, runtimePackage, configFile } = setup
  return scriptText(
    scriptHead('Check what is there'),
    rootRights,
    thereLines,
    [
      'echo "docker: ${docker_there:-not there}"',
      '',
      ...(origin === 'none'
        ? [`[ -n "$docker_there" ] || fail 'docker is not installed. Choose where it comes from.'`]
        : ['if [ -z "$docker_there" ]; then', ...originChecks(origin, archive, packages), 'fi']),
    ],
    runtime ? runtimeChecks(runtimePackage) : [],
    [
      '',
      `config=${shellQuote(configFile)}`,
      comment('Settings that cannot be read are not replaced'),
      'if as_root test -s "$config"; then',
      `  command -v python3 >/dev/null || fail "python3 is missing, which the settings in $config are merged with."`,
      '  as_root python3 -m json.tool "$config" >/dev/null || fail "$config is not JSON. Correct it first."',
      'fi',
      'echo "Everything that the plan needs is there."',
    ],
  )
}

function originChecks(origin: DockerSetup['origin'], archive: string, packages: string): string[] {
  if (origin === 'static') {
    return [
      `  archive=${shellQuote(archive)}`,
      '  [ -f "$archive" ] || fail "No such file: $archive. Upload it first."',
      '  names=$(tar -tzf "$archive") || fail "$archive is damaged, or no .tgz."',
      '  case "$names" in',
      '    *docker/dockerd*) ;;',
      '    *) fail "$archive does not hold docker/dockerd." ;;',
      '  esac',
      `  command -v iptables >/dev/null || fail 'iptables is missing, which docker needs. Install it first.'`,
    ]
  }
  return [
    ...managerLines.map((line) => `  ${line}`),
    '  case "$manager" in',
    ...(origin === 'files'
      ? ['    apt-get) ending=deb ;;', '    dnf | yum) ending=rpm ;;']
      : ['    apt-get | dnf | yum) ;;']),
    `    *) fail 'Neither apt-get nor dnf nor yum is here. Take the archive of static programs.' ;;`,
    '  esac',
    ...(origin === 'files'
      ? [
          `  packages=${shellQuote(packages)}`,
          '  found=$(find "$packages" -maxdepth 1 -name "*.$ending")',
          '  [ -n "$found" ] || fail "$packages holds no package *.$ending. Upload them first."',
        ]
      : []),
  ]
}

const runtimeChecks = (runtimePackage: string): string[] =>
  runtimePackage === ''
    ? [
        '',
        ...findRuntime,
        `[ -n "$runtime" ] || fail 'The Ascend Docker Runtime is not installed. Choose its package.'`,
      ]
    : [
        '',
        `package=${shellQuote(runtimePackage)}`,
        '[ -f "$package" ] || fail "No such file: $package. Upload it first."',
        'as_root chmod +x -- "$package"',
        'output=$(as_root "$package" --check 2>&1) || fail "The package is damaged: $package: $output"',
        `printf '%s\\n' "$output"`,
        'case "$output" in',
        '  *"All good"*) ;;',
        '  *) fail "The package did not say that all is good: $package" ;;',
        'esac',
      ]

/** Installs docker unless it is there; null where that is not asked for. */
export function installDockerScript({ origin, archive, packages }: DockerSetup): string | null {
  if (origin === 'none') return null
  return scriptText(scriptHead('Install docker'), rootRights, thereLines, [
    'if [ -n "$docker_there" ]; then',
    '  echo "It is there: $docker_there"',
    '  exit 0',
    'fi',
    '',
    ...(origin === 'static' ? staticLines(archive) : managerLines),
    ...(origin === 'repository' ? repositoryLines : []),
    ...(origin === 'files' ? fileLines(packages) : []),
    'docker --version',
  ])
}

const repositoryLines: readonly string[] = [
  'if [ "$manager" = apt-get ]; then',
  '  as_root apt-get update',
  '  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y docker.io',
  'else',
  `  ${comment('openEuler calls it docker or docker-engine, others by other names')}`,
  '  wanted=()',
  '  for name in docker docker-engine moby moby-engine docker-ce; do',
  '    if as_root "$manager" -q info "$name" >/dev/null 2>&1; then',
  '      wanted=("$name")',
  '      break',
  '    fi',
  '  done',
  '  [ "${#wanted[@]}" -gt 0 ] || fail "No repository of this host has docker. Upload packages, or the archive of static programs."',
  '  case "${wanted[0]}" in',
  '    docker | docker-engine)',
  '      if as_root "$manager" -q info runc >/dev/null 2>&1; then wanted+=(runc); fi',
  '      ;;',
  '  esac',
  '  as_root "$manager" install -y "${wanted[@]}"',
  'fi',
]

const fileLines = (packages: string): string[] => [
  `packages=${shellQuote(packages)}`,
  'if [ "$manager" = apt-get ]; then',
  '  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-download "$packages"/*.deb',
  'else',
  `  as_root "$manager" install -y --disablerepo='*' "$packages"/*.rpm`,
  'fi',
]

const staticLines = (archive: string): string[] => [
  `archive=${shellQuote(archive)}`,
  'programs=${PROGRAM_FOLDER:-/usr/local/bin}',
  'units=${UNIT_FOLDER:-/etc/systemd/system}',
  'work=$(mktemp -d)',
  `trap 'rm -rf -- "$work"' EXIT`,
  'tar -xzf "$archive" -C "$work"',
  '"$work/docker/dockerd" --version || fail "The programs of $archive do not run here. Are they for $(uname -m)?"',
  'as_root mkdir -p "$programs"',
  'for path in "$work"/docker/*; do',
  '  name=${path##*/}',
  '  as_root install -m 755 "$path" "$programs/.new-$name"',
  '  as_root mv "$programs/.new-$name" "$programs/$name"',
  'done',
  'getent group docker >/dev/null || as_root groupadd --system docker',
  `cat > "$work/docker.service" <<END_OF_UNIT`,
  '[Unit]',
  'Description=Docker',
  'Wants=network-online.target',
  'After=network-online.target',
  '',
  '[Service]',
  'Type=notify',
  'Environment=PATH=$programs:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'ExecStart=$programs/dockerd',
  'Restart=on-failure',
  'Delegate=yes',
  'KillMode=process',
  'LimitNOFILE=1048576',
  'TasksMax=infinity',
  '',
  '[Install]',
  'WantedBy=multi-user.target',
  'END_OF_UNIT',
  'if [ -d "$units" ]; then as_root install -m 644 "$work/docker.service" "$units/docker.service"; fi',
  'export PATH="$PATH:$programs"',
]

/** Installs the Ascend Docker Runtime; null without a package of it. */
export function runtimeScript(setup: DockerSetup): string | null {
  const { runtime, runtimePackage, runtimeIsDefault, runtimeOptions, configFile } = setup
  if (!runtime || runtimePackage === '') return null
  return scriptText(scriptHead('Install the Ascend Docker Runtime'), rootRights, [
    `config=${shellQuote(configFile)}`,
    'work=$(mktemp -d)',
    `trap 'rm -rf -- "$work"' EXIT`,
    'if as_root test -e "$config"; then',
    '  as_root cp -p "$config" "$config.before-$(date +%Y%m%d-%H%M%S)"',
    '  as_root cat "$config" > "$work/before"',
    'fi',
    'status=0',
    `as_root ${[runtimePackage, '--install', ...runtimeOptions].map(shellQuote).join(' ')} </dev/null 2>&1 | tee "$work/output" || status=$?`,
    comment('Releases write its name with dashes or with blanks'),
    'if [ "$status" -ne 0 ] || ! grep -q -i -E "docker[ -]runtime install success" "$work/output"; then',
    '  fail "The runtime was not installed: it did not say that it was a success, or ended badly. See above, and /var/log/ascend-docker-runtime."',
    'fi',
    ...(runtimeIsDefault ? [] : keepDefaultLines),
  ])
}

const keepDefaultLines: readonly string[] = [
  comment('The package makes itself the runtime of every container, which was not asked for'),
  `as_root python3 - "$config" "$work/before" <<'END_OF_PYTHON'`,
  'import json, os, sys',
  'path, before = sys.argv[1:]',
  'old = json.load(open(before)) if os.path.exists(before) and os.path.getsize(before) else {}',
  'settings = json.load(open(path)) if os.path.exists(path) else old',
  "if settings.get('default-runtime') != old.get('default-runtime'):",
  "    settings.pop('default-runtime')",
  "    if 'default-runtime' in old:",
  "        settings['default-runtime'] = old['default-runtime']",
  "    with open(path + '.new', 'w') as file:",
  '        json.dump(settings, file, indent=4, ensure_ascii=False)',
  "    os.replace(path + '.new', path)",
  'END_OF_PYTHON',
]

/** Merges the settings and starts docker. Nothing changes where running containers would be stopped without leave. */
export function startDockerScript(setup: DockerSetup): string {
  const { configFile, restart } = setup
  return scriptText(
    scriptHead('Write the settings and start docker'),
    rootRights,
    [`PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"`, `config=${shellQuote(configFile)}`],
    setup.runtime
      ? [...findRuntime, `[ -n "$runtime" ] || fail 'The Ascend Docker Runtime is not installed.'`]
      : ['runtime='],
    mergeSettings(setup),
    [
      'changed=$(merge look)',
      ...(restart
        ? []
        : [
            'running=$(as_root docker ps --quiet 2>/dev/null | wc -l || true)',
            'if [ -n "$changed" ] && [ "$running" -gt 0 ]; then',
            `  printf '%s\\n' "$changed" >&2`,
            '  fail "The settings above need a restart of docker, and $running containers run. Stop them, or allow the restart."',
            'fi',
          ]),
      'if [ -n "$changed" ]; then',
      '  merge write',
      `  printf '%s\\n' "$changed"`,
      'else',
      '  echo "The settings are as they should be."',
      'fi',
      '',
      comment('A container, or a very old system, has no systemd'),
      'if systemctl list-units >/dev/null 2>&1; then',
      '  as_root systemctl daemon-reload',
      '  as_root systemctl enable docker',
      '  if [ -n "$changed" ]; then as_root systemctl restart docker; else as_root systemctl start docker; fi',
      'elif [ -e /etc/init.d/docker ]; then',
      '  if [ -n "$changed" ]; then as_root service docker restart; else as_root service docker start; fi',
      'else',
      '  docker info >/dev/null 2>&1 || fail "Neither systemd nor /etc/init.d/docker is here. Start dockerd by hand."',
      'fi',
    ],
  )
}

/** Lets a user talk to docker; null without one. */
export const accountScript = (account: string): string | null =>
  account === ''
    ? null
    : scriptText(scriptHead(`Let ${account} use docker`), rootRights, [
        `account=${shellQuote(account)}`,
        'id "$account" >/dev/null || fail "There is no user $account."',
        'getent group docker >/dev/null || as_root groupadd --system docker',
        'as_root usermod --append --groups docker "$account"',
        'echo "It counts from the next login of $account on."',
      ])

/** Asks docker what it is, and whether it knows the runtime. */
export const verifyDockerScript = ({ runtime, dataRoot }: DockerSetup): string =>
  scriptText(scriptHead('Verify'), ['PATH="$PATH:/usr/local/bin"'], dockerClient, [
    `docker_cli info --format ${shellQuote(
      [
        'Version: {{.ServerVersion}}',
        'Storage: {{.Driver}}',
        'Folder: {{.DockerRootDir}}',
        'Runtime: {{.DefaultRuntime}}',
      ].join('\n'),
    )}`,
    ...(runtime
      ? [
          `runtimes=$(docker_cli info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}')`,
          'case " $runtimes " in',
          '  *" ascend "*) ;;',
          '  *) fail "docker does not know the runtime ascend, only: $runtimes" ;;',
          'esac',
        ]
      : []),
    ...(dataRoot === ''
      ? []
      : [
          `wanted=${shellQuote(dataRoot)}`,
          `folder=$(docker_cli info --format '{{.DockerRootDir}}')`,
          '[ "$folder" = "$wanted" ] || fail "docker uses $folder, not $wanted."',
        ]),
  ])
