import { comment, shellQuote } from '../../shell.ts'
import { joinPath } from '../../paths.ts'
import { scriptHead, scriptText } from '../script.ts'
import type { ChosenSetup } from './chosen.ts'
import type { SourceValues } from './source-form.ts'

/** Which Python a setup uses, and how it comes to be. */
export interface PythonChoice extends ChosenSetup {
  readonly values: Pick<
    SourceValues,
    'python' | 'environment' | 'interpreter' | 'pipIndex' | 'requirements' | 'cannEnv' | 'nnalEnv'
  >
}

const condaLines: readonly string[] = [
  comment('A shell that is no login shell does not have conda on its PATH'),
  'find_conda() {',
  '  local path home',
  '  home=$(command -v conda || true)',
  '  for path in "${CONDA_EXE:-}" "$home" "$HOME"/{miniconda3,anaconda3,miniforge3,mambaforge}/bin/conda \\',
  '    {/opt,/usr/local,/home}/{miniconda3,anaconda3,miniforge3,conda}/bin/conda; do',
  '    if [ -x "$path" ] && [ ! -d "$path" ]; then',
  `      printf '%s\\n' "$path"`,
  '      return',
  '    fi',
  '  done',
  '}',
  'conda=$(find_conda)',
  `[ -n "$conda" ] || fail 'conda was not found. Install Miniconda, or take a venv.'`,
]

/** `$python`: the program of the environment, empty where that is not there yet. */
function findPython({ values, venv }: PythonChoice): string[] {
  const says = `-c 'import sys; print(sys.executable)'`
  if (values.python === 'conda') {
    return [
      ...condaLines,
      `environment=${shellQuote(values.environment)}`,
      `python=$("$conda" run --name "$environment" python ${says} 2>/dev/null || true)`,
    ]
  }
  if (values.python === 'venv') {
    return [
      `venv=${shellQuote(venv)}`,
      'python=',
      comment('One whose making was cut short has no pip yet'),
      'if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then python=$venv/bin/python; fi',
    ]
  }
  return [
    `python=$(command -v ${shellQuote(values.interpreter)} || true)`,
    `[ -n "$python" ] || fail ${shellQuote(`There is no ${values.interpreter}.`)}`,
  ]
}

const versionFunction: readonly string[] = [
  'version_of() {',
  `  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'`,
  '}',
]

/** Lines for the check before anything changes: is there what makes the environment, or one of another version. */
export function pythonChecks(setup: PythonChoice): string[] {
  const { values, pythonVersion } = setup
  if (values.python === 'none') return []
  if (values.python === 'existing') return ['', ...findPython(setup), 'echo "Python: $("$python" --version)"']
  return [
    '',
    ...versionFunction,
    ...findPython(setup),
    `wanted_python=${pythonVersion}`,
    'if [ -n "$python" ] && [ "$(version_of "$python")" != "$wanted_python" ]; then',
    `  problem ${shellQuote(`The environment ${values.environment} is there with another Python: `)}"$(version_of "$python"), $wanted_python is wanted. Choose another name."`,
    ...(values.python === 'venv'
      ? [
          'elif [ -z "$python" ]; then',
          '  base=$(command -v "python$wanted_python" || command -v python3 || true)',
          '  if [ -z "$base" ] || [ "$(version_of "$base")" != "$wanted_python" ]; then',
          '    problem "This host has no Python $wanted_python for a venv. Take conda, or another version."',
          '  elif ! "$base" -c "import ensurepip" 2>/dev/null; then',
          '    problem "$base cannot make a venv. Install python3-venv first."',
          '  fi',
        ]
      : []),
    'fi',
    'echo "Python: ${python:-to be made, $wanted_python}"',
  ]
}

/** Makes the environment unless it is there; null where one that is there is used. */
export function environmentScript(setup: PythonChoice): string | null {
  const { values, pythonVersion, venv, bundles, folder } = setup
  if (values.python === 'existing' || values.python === 'none') return null
  return scriptText(scriptHead('Make the Python environment'), findPython(setup), [
    'if [ -n "$python" ]; then',
    '  echo "It is there: $("$python" --version), $python"',
    '  exit 0',
    'fi',
    ...(values.python === 'conda'
      ? [`"$conda" create --yes${bundles === '' ? '' : ' --offline'} --name "$environment" python=${pythonVersion}`]
      : [
          `base=$(command -v python${pythonVersion} || command -v python3)`,
          `mkdir -p -- ${shellQuote(folder)}`,
          `"$base" -m venv --clear ${shellQuote(venv)}`,
        ]),
  ])
}

/** `pip_install …` with the index and the folders of wheels of the form. */
function pipLines({ values, wheels, bundles }: PythonChoice): string[] {
  const index = bundles === '' ? values.pipIndex : ''
  const host = /^http:\/\/([^/:]+)/.exec(index)?.[1]
  return [
    'pip_install() {',
    `  "$python" -m pip install --disable-pip-version-check --no-input${[
      ...(index === '' ? [] : ['--index-url', index]),
      ...(host === undefined ? [] : ['--trusted-host', host]),
      ...(bundles === '' ? [] : ['--no-index']),
      ...wheels.flatMap((folder) => ['--find-links', folder]),
    ]
      .map((word) => ` ${shellQuote(word)}`)
      .join('')} "$@"`,
    '}',
    '',
  ]
}

const pythonThere = ({ values }: PythonChoice): string[] =>
  values.python === 'existing'
    ? ['']
    : [
        `[ -n "$python" ] || fail 'The environment is gone. Run the plan again.'`,
        comment('Packages of the user himself would hide those of the environment'),
        'export PYTHONNOUSERSITE=1',
        '',
      ]

/** Reads the environment of CANN, whose scripts bear neither `-e` nor `-u`. */
const cannLines = ({ values }: PythonChoice): string[] => [
  'load_cann() {',
  '  local file',
  '  for file in "$@"; do',
  '    if [ ! -f "$file" ]; then',
  '      echo "Left out, not here: $file"',
  '      continue',
  '    fi',
  '    set +eu',
  '    # shellcheck disable=SC1090',
  '    source "$file"',
  '    set -eu',
  '  done',
  '}',
  ['load_cann', ...cannFiles(values).map(shellQuote)].join(' '),
  '',
]

const cannFiles = ({ cannEnv, nnalEnv }: PythonChoice['values']): string[] =>
  [cannEnv, nnalEnv].filter((path) => path !== '')

/** Installs packages, wheels and the lists of the repositories, in the order of the guide. */
export function packagesScript(setup: PythonChoice): string {
  const { packages, stack, wheels, sources, values } = setup
  return scriptText(
    scriptHead('Install packages'),
    findPython(setup),
    pythonThere(setup),
    pipLines(setup),
    packages.length === 0 ? [] : [`pip_install ${packages.map(shellQuote).join(' ')}`],
    wheels.length === 0
      ? stack.wheels.map((name) => `echo ${shellQuote(`Left out, no folder of wheels: ${name}`)}`)
      : stack.wheels.flatMap((name) => wheelLines(name, wheels)),
    values.requirements
      ? [
          '',
          ...cannLines(setup),
          ...sources.flatMap(({ path, requirements, isInstalled }) => [
            ...(requirements === undefined ? [] : [`pip_install -r ${shellQuote(joinPath(path, requirements))}`]),
            ...(isInstalled === true
              ? [
                  setup.bundles === ''
                    ? `pip_install -e ${shellQuote(path)}`
                    : `pip_install --no-build-isolation -e ${shellQuote(path)}`,
                ]
              : []),
          ]),
        ]
      : [],
  )
}

/** An index may have another package of this name, so only the folders are asked. */
const wheelLines = (name: string, folders: readonly string[]): string[] => [
  `if [ -n "$(find ${folders.map(shellQuote).join(' ')} -maxdepth 1 -name '${name}-*.whl' 2>/dev/null)" ]; then`,
  `  pip_install --no-index --no-deps ${name}`,
  'else',
  `  echo 'Left out, there is no ${name}-*.whl: ${name}'`,
  'fi',
]

const pythonPathOf = ({ sources }: ChosenSetup): string[] =>
  sources.flatMap(({ path, pythonPath }) => (pythonPath === undefined ? [] : [joinPath(path, pythonPath)]))

/** Writes `env.sh`, which a shell reads to work with the setup: CANN, Python, PYTHONPATH. */
export function environmentFileScript(setup: PythonChoice): string {
  const { values, folder, venv } = setup
  const paths = pythonPathOf(setup)
  const fixed = [
    '# Read it with: source env.sh',
    ...cannFiles(values).map((path) => `if [ -f ${shellQuote(path)} ]; then source ${shellQuote(path)}; fi`),
    ...(values.python === 'venv' ? [`source ${shellQuote(joinPath(venv, 'bin/activate'))}`] : []),
    ...(paths.length === 0
      ? []
      : [`export PYTHONPATH=${paths.map(shellQuote).join(':')}"\${PYTHONPATH:+:$PYTHONPATH}"`]),
  ]
  return scriptText(scriptHead('Write env.sh'), values.python === 'conda' ? condaLines : [], [
    `file=${shellQuote(joinPath(folder, 'env.sh'))}`,
    `cat > "$file.new" <<'END_OF_ENV'`,
    ...fixed,
    'END_OF_ENV',
    ...(values.python === 'conda'
      ? [
          `printf 'eval "$(%q shell.bash hook)"\\nconda activate %q\\n' "$conda" ${shellQuote(values.environment)} >> "$file.new"`,
        ]
      : []),
    'mv "$file.new" "$file"',
    `echo "Work with it: source $file"`,
  ])
}

interface Verification {
  readonly name: string
  readonly python: string
  /** What the output says where it went well. */
  readonly success: string
}

/** Imports modules and lets frameworks compute; null where nothing is to be checked. */
export function verifySourcesScript(setup: PythonChoice, checks: readonly Verification[]): string | null {
  if (checks.length === 0) return null
  const paths = pythonPathOf(setup)
  return scriptText(
    scriptHead('Verify'),
    findPython(setup),
    pythonThere(setup),
    cannLines(setup),
    paths.length === 0 ? [] : [`export PYTHONPATH=${paths.map(shellQuote).join(':')}"\${PYTHONPATH:+:$PYTHONPATH}"`],
    [
      'failed=()',
      comment('verify NAME SUCCESS PYTHON: some of these end with 0 after a failure, so their words count as well'),
      'verify() {',
      '  local output status=0',
      '  echo "== $1"',
      '  output=$("$python" -c "$3" 2>&1) || status=$?',
      `  printf '%s\\n' "$output"`,
      '  case "$output" in',
      '    *"$2"*) [ "$status" -eq 0 ] || failed+=("$1 (status $status)") ;;',
      '    *) failed+=("$1 (did not say: $2)") ;;',
      '  esac',
      '}',
      ...checks.map(
        ({ name, success, python }) => `verify ${shellQuote(name)} ${shellQuote(success)} ${shellQuote(python)}`,
      ),
      'if [ "${#failed[@]}" -gt 0 ]; then fail "Failed: ${failed[*]}"; fi',
    ],
  )
}
