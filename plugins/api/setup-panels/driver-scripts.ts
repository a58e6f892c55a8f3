import { comment, shellQuote } from '../shell.ts'
import { packageName } from './driver-rules.ts'
import { restartStatus, rootRights, scriptHead, scriptText } from './script.ts'

/** One of the two packages, as it is to be installed. */
export interface HostPackage {
  readonly kind: 'driver' | 'firmware'
  readonly path: string
  /** All options: the mode first. */
  readonly options: readonly string[]
  readonly installPath: string
  /** Installs it although this version is there. */
  readonly again: boolean
  /** What may be there already: nothing, or another version. */
  readonly isFirst: boolean
}

/**
 * `$marker`, a file in memory that a restart removes: while it is there, what it names waits for one. `needs_restart TEXT`
 * ends the script.
 */
const restartMarker: readonly string[] = [
  comment('/run is empty after a restart, and so this file says that one is still needed'),
  'marker="${RESTART_MARKER:-/run/ascend-restart-needed}"',
  'needs_restart() {',
  `  printf '%s\\n' "$1" 'Restart the host: this run goes on then. Without the workbench start the script again, it skips what is done.' >&2`,
  `  exit ${restartStatus}`,
  '}',
]

const installedVersion = (installPath: string, kind: string): string[] => [
  `info=${shellQuote(`${installPath}/${kind}/version.info`)}`,
  'installed=',
  'if [ -f "$info" ]; then',
  `  installed=$(sed -n 's/^[[:space:]]*Version[[:space:]]*=[[:space:]]*//p' "$info" | head -n 1)`,
  'fi',
]

/** Looks at packages and host before anything changes: root, files, architecture, checksums, running users. */
export const prepareScript = (packages: readonly HostPackage[]): string =>
  scriptText(
    scriptHead('Check packages and host'),
    rootRights,
    [
      comment('The packages unpack themselves, and name no tool that they miss'),
      'for tool in bash tar gzip sed; do',
      '  command -v "$tool" >/dev/null || fail "$tool is missing. Install it first."',
      'done',
      '',
      'check() {',
      '  local output',
      '  [ -f "$1" ] || fail "No such file: $1"',
      '  as_root chmod +x -- "$1"',
      '  output=$(as_root "$1" --check 2>&1) || fail "The package is damaged: $1: $output"',
      `  printf '%s\\n' "$output"`,
      '  case "$output" in',
      '    *"checksums are OK"*) ;;',
      '    *) fail "The package did not say that its checksums are OK: $1" ;;',
      '  esac',
      '}',
      ...packages.map(({ path }) => `check ${shellQuote(path)}`),
    ],
    packages.flatMap(({ path }) => {
      const architecture = packageName(path)?.architecture
      if (architecture === undefined || architecture === null) return []
      return [
        `[ "$(uname -m)" = ${architecture} ] || fail "The driver is for ${architecture}, this host is $(uname -m)."`,
      ]
    }),
    [
      '',
      comment('An installation under running jobs breaks them, and fails'),
      'nodes=()',
      'for node in /dev/davinci[0-9]*; do',
      '  [ ! -e "$node" ] || nodes+=("$node")',
      'done',
      'if [ "${#nodes[@]}" -gt 0 ] && command -v fuser >/dev/null && users=$(as_root fuser "${nodes[@]}" 2>/dev/null); then',
      '  fail "Processes use the NPUs, end them first:$users"',
      'fi',
      'if command -v lspci >/dev/null; then',
      `  echo "NPUs on the bus: $(lspci -n -d 19e5: | grep -c -i -E '19e5:(d80|d500|d100)' || true)"`,
      'fi',
    ],
  )

/** Tools that the packages call, each with the package that has it, by the host's package manager. */
export const dependenciesScript = (): string =>
  scriptText(scriptHead('Install missing tools'), rootRights, [
    'find_missing() {',
    '  missing=()',
    '  for tool in dkms gcc make lspci ifconfig; do',
    '    PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null || missing+=("$tool")',
    '  done',
    `  ${comment('The driver is built for exactly the running kernel')}`,
    '  [ -e "/lib/modules/$(uname -r)/build" ] || missing+=(headers)',
    '}',
    '',
    'find_missing',
    'if [ "${#missing[@]}" -eq 0 ]; then',
    '  echo "Every tool is there."',
    '  exit 0',
    'fi',
    'echo "Missing: ${missing[*]}"',
    'wanted=()',
    'if command -v apt-get >/dev/null; then',
    '  manager=(apt-get install -y)',
    '  headers=("linux-headers-$(uname -r)")',
    'elif command -v dnf >/dev/null; then',
    '  manager=(dnf install -y)',
    '  headers=("kernel-devel-$(uname -r)" "kernel-headers-$(uname -r)")',
    'elif command -v yum >/dev/null; then',
    '  manager=(yum install -y)',
    '  headers=("kernel-devel-$(uname -r)" "kernel-headers-$(uname -r)")',
    'else',
    '  fail "Neither apt-get nor dnf nor yum is here. Install by hand: ${missing[*]}"',
    'fi',
    'for tool in "${missing[@]}"; do',
    '  case "$tool" in',
    '    lspci) wanted+=(pciutils) ;;',
    '    ifconfig) wanted+=(net-tools) ;;',
    '    headers) wanted+=("${headers[@]}") ;;',
    '    *) wanted+=("$tool") ;;',
    '  esac',
    'done',
    'as_root "${manager[@]}" "${wanted[@]}" || fail "Could not install: ${wanted[*]}"',
    'find_missing',
    '[ "${#missing[@]}" -eq 0 ] || fail "Still missing: ${missing[*]}"',
  ])

/** The account that owns the driver; without it the package says 0x0091. */
export const accountScript = (): string =>
  scriptText(scriptHead('Create the user HwHiAiUser'), rootRights, [
    'if id HwHiAiUser >/dev/null 2>&1; then',
    '  echo "The user HwHiAiUser is there."',
    '  exit 0',
    'fi',
    'getent group HwHiAiUser >/dev/null || as_root groupadd HwHiAiUser',
    'as_root useradd -g HwHiAiUser -d /home/HwHiAiUser -m HwHiAiUser -s /bin/bash',
  ])

/** Installs one package, unless this version is there; success is what the package says, not its exit status. */
export function installScript({ kind, path, options, installPath, again, isFirst }: HostPackage): string {
  const version = packageName(path)?.version ?? ''
  const done = kind === 'driver' ? 'Driver package installed successfully!' : 'Firmware package installed successfully!'
  return scriptText(
    scriptHead(`Install the ${kind}`),
    rootRights,
    restartMarker,
    again ? skipAfterRestart(kind) : versionLines(kind, version, installPath, isFirst),
    [
      ...(isFirst && kind === 'firmware'
        ? [
            comment('On a new host the firmware is installed through the running driver'),
            '[ ! -e "$marker" ] || needs_restart "The driver waits for a restart."',
          ]
        : []),
      '',
      'output=$(mktemp)',
      `trap 'rm -f -- "$output"' EXIT`,
      'status=0',
      `as_root ${shellQuote(path)} ${options.map(shellQuote).join(' ')} 2>&1 | tee "$output" || status=$?`,
      comment('These packages may end with 0 after a failure'),
      `if [ "$status" -ne 0 ] || ! grep -q -F ${shellQuote(done)} "$output"; then`,
      `  fail ${shellQuote(`The ${kind} was not installed: it did not say "${done}" or ended badly. See above, and /var/log/ascend_seclog/ascend_install.log.`)}`,
      'fi',
      'if grep -q -i -E "reboot (needed|now)" "$output"; then',
      `  printf '%s\\n' ${kind} | as_root tee -a "$marker" >/dev/null`,
      `  echo 'It takes effect after a restart.'`,
      'fi',
    ],
  )
}

/** Ends where this version is there; on a first installation also where another one is. */
const versionLines = (kind: string, version: string, installPath: string, isFirst: boolean): string[] => [
  '',
  ...installedVersion(installPath, kind),
  `version=${shellQuote(version)}`,
  'if [ -n "$version" ] && [ "${installed,,}" = "${version,,}" ]; then',
  `  echo "The ${kind} $installed is installed already."`,
  '  exit 0',
  'fi',
  ...(isFirst
    ? [
        'if [ -n "$installed" ]; then',
        `  fail "The ${kind} $installed is installed. Choose to overwrite it, or uninstall it first."`,
        'fi',
      ]
    : []),
]

/** Even what is installed in any case is not installed twice before one restart. */
const skipAfterRestart = (kind: string): string[] => [
  `if [ -e "$marker" ] && grep -q -x ${kind} "$marker"; then`,
  `  echo "The ${kind} is installed and waits for a restart."`,
  '  exit 0',
  'fi',
]

/** Removes driver or firmware by its own script, unless it is gone. */
export const uninstallScript = (kind: HostPackage['kind'], installPath: string): string =>
  scriptText(scriptHead(`Uninstall the ${kind}`), rootRights, restartMarker, [
    '',
    `script=${shellQuote(`${installPath}/${kind}/script/uninstall.sh`)}`,
    'if [ ! -e "$script" ]; then',
    `  echo "The ${kind} is not installed."`,
    '  exit 0',
    'fi',
    'output=$(mktemp)',
    `trap 'rm -f -- "$output"' EXIT`,
    'status=0',
    'as_root "$script" 2>&1 | tee "$output" || status=$?',
    'if [ "$status" -ne 0 ] || ! grep -q -F "uninstalled successfully!" "$output"; then',
    `  fail "The ${kind} was not uninstalled. See above."`,
    'fi',
    `printf '%s\\n' ${kind} | as_root tee -a "$marker" >/dev/null`,
  ])

/** Asks the NPUs; ends with 75 while a restart is needed. */
export const verifyDriverScript = (): string =>
  scriptText(scriptHead('Check that the NPUs answer'), restartMarker, [
    '',
    '[ ! -e "$marker" ] || needs_restart "Installed. The host needs a restart before the NPUs can be checked."',
    'PATH="$PATH:/usr/local/sbin:/usr/local/bin"',
    'output=$(npu-smi info 2>&1) || fail "npu-smi failed: $output"',
    `printf '%s\\n' "$output"`,
    'case "$output" in',
    '  *"ret is -80"*) fail "npu-smi cannot reach the NPUs. Was the host restarted after the driver was replaced?" ;;',
    'esac',
  ])

/** Ends with 75 until the restart that an uninstallation needs. */
export const goneScript = (): string =>
  scriptText(scriptHead('See that everything is unloaded'), restartMarker, [
    '',
    '[ ! -e "$marker" ] || needs_restart "Uninstalled. Only a restart unloads everything."',
    'echo "Driver and firmware are gone."',
  ])
