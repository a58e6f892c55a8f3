import { comment, shellQuote } from '../../shell.ts'
import { scriptHead, scriptText } from '../script.ts'
import type { ChosenSetup, ChosenSource } from './chosen.ts'
import { offlineNames } from './source-rules.ts'

export type Existing = 'stop' | 'switch' | 'aside'

/**
 * `wanted DIR REVISION`: the commit that it names there, nothing where it is not known. `state_of DIR REVISION`: missing,
 * same, or other with what is known of it.
 */
const versionLines: readonly string[] = [
  comment(
    'wanted DIR REVISION: the commit of a tag, a branch or the beginning of a commit; nothing where it is not known',
  ),
  'wanted() {',
  '  local name',
  '  for name in "refs/tags/$2" "refs/tags/v$2" "refs/remotes/origin/$2" "$2"; do',
  '    if git -C "$1" rev-parse --verify --quiet "$name^{commit}"; then return; fi',
  '  done',
  '}',
  comment('state_of DIR REVISION: missing, same, or other and what is known of it'),
  'state_of() {',
  '  local head',
  '  if [ ! -e "$1" ]; then',
  '    echo missing',
  '  elif [ -f "$1/.awb-revision" ]; then',
  '    head=$(cat "$1/.awb-revision")',
  '    if [ "$head" = "$2" ]; then echo same; else echo "other: $head"; fi',
  '  elif head=$(git -C "$1" rev-parse --verify --quiet HEAD 2>/dev/null) && [ -e "$1/.git" ]; then',
  '    if [ "$head" = "$(wanted "$1" "$2")" ]; then',
  '      echo same',
  '    else',
  '      echo "other: $(git -C "$1" describe --tags --always 2>/dev/null || echo "$head")"',
  '    fi',
  '  else',
  '    echo "other: of unknown version"',
  '  fi',
  '}',
  '',
]

/** `offline_file NAME`: the uploaded file of a repository; nothing where there is none. */
const offlineLines = (bundles: string): string[] =>
  bundles === ''
    ? []
    : [
        `bundles=${shellQuote(bundles)}`,
        'offline_file() {',
        '  local file',
        `  for file in ${offlineNames('$1')
          .map((name) => `"$bundles/${name}"`)
          .join(' ')}; do`,
        '    if [ -f "$file" ]; then',
        `      printf '%s\\n' "$file"`,
        '      return',
        '    fi',
        '  done',
        '}',
        '',
      ]

/** Looks at tools, folders and files before anything changes; names all that is wrong, not the first only. */
export function checkSourcesScript(setup: ChosenSetup, existing: Existing, more: readonly string[]): string {
  const { folder, sources, bundles } = setup
  return scriptText(
    scriptHead('Check tools, folders and versions'),
    [
      'problems=0',
      'problem() {',
      `  printf '%s\\n' "$*" >&2`,
      '  problems=$((problems + 1))',
      '}',
      '',
      `command -v git >/dev/null || fail 'git is missing. Install it: apt-get install git, or dnf install git.'`,
      `folder=${shellQuote(folder)}`,
    ],
    versionLines,
    offlineLines(bundles),
    [
      'look() {',
      '  local state',
      '  state=$(state_of "$folder/$1" "$2")',
      '  echo "$1 $2: $state"',
      '  case "$state" in',
      bundles === ''
        ? '    missing | same) ;;'
        : '    missing) [ -n "$(offline_file "$1")" ] || problem "Neither $1.bundle nor an archive $1.tar.gz is in $bundles. Upload it first." ;;',
      ...(bundles === '' ? [] : ['    same) ;;']),
      existing === 'stop'
        ? '    *) problem "$folder/$1 is there in another version (${state#other: }), $2 is wanted. Choose another folder, or what happens to this one." ;;'
        : '    *) ;;',
      '  esac',
      '}',
      ...sources.map(({ name, revision }) => `look ${shellQuote(name)} ${shellQuote(revision)}`),
    ],
    more,
    ['[ "$problems" -eq 0 ] || fail "Nothing was changed. Problems: $problems, see above."'],
  )
}

/** Brings every repository to its revision. A folder appears whole or not at all. */
export const fetchScript = ({ folder, sources, bundles }: ChosenSetup, existing: Existing): string =>
  scriptText(
    scriptHead('Fetch the repositories'),
    [
      `folder=${shellQuote(folder)}`,
      'mkdir -p -- "$folder"',
      comment('Nobody is there to answer a question for a password'),
      'export GIT_TERMINAL_PROMPT=0',
      '',
    ],
    versionLines,
    offlineLines(bundles),
    bundles === '' ? [] : unpackLines,
    fetchLines(bundles !== '', existing),
    sources.map(({ name, url, revision }) => `fetch ${shellQuote(name)} ${shellQuote(url)} ${shellQuote(revision)}`),
  )

const unpackLines: readonly string[] = [
  comment('unpack FILE DIR: an archive, without the one folder that most have around everything'),
  'unpack() {',
  '  mkdir "$2"',
  '  case "$1" in',
  '    *.zip) python3 -m zipfile -e "$1" "$2" ;;',
  '    *) tar -xf "$1" -C "$2" ;;',
  '  esac',
  '  local inside',
  '  inside=$(find "$2" -mindepth 1 -maxdepth 1)',
  '  if [ -d "$inside" ]; then',
  '    mv "$inside" "$2.inside"',
  '    rmdir "$2"',
  '    mv "$2.inside" "$2"',
  '  fi',
  '}',
  '',
]

const fetchLines = (isOffline: boolean, existing: Existing): string[] => [
  comment('fetch NAME URL REVISION'),
  'fetch() {',
  '  local target="$folder/$1" new="$folder/.new-$1" state commit',
  '  state=$(state_of "$target" "$3")',
  '  case "$state" in',
  '    same)',
  '      echo "$1 $3 is there."',
  '      return',
  '      ;;',
  '    missing) ;;',
  ...existingLines(isOffline, existing),
  '  esac',
  '  rm -rf -- "$new" "$new.inside"',
  ...(isOffline
    ? [
        '  local file',
        '  file=$(offline_file "$1")',
        '  [ -n "$file" ] || fail "Neither $1.bundle nor an archive of $1 is in $bundles."',
        '  case "$file" in',
        '    *.bundle) git clone --no-checkout "$file" "$new" ;;',
        '    *) unpack "$file" "$new" ;;',
        '  esac',
        '  if [ ! -e "$new/.git" ]; then',
        `    ${comment('An archive does not say what it is; its name has to be believed')}`,
        `    printf '%s\\n' "$3" > "$new/.awb-revision"`,
        '    mv "$new" "$target"',
        '    echo "$1 was unpacked from $file."',
        '    return',
        '  fi',
        '  git -C "$new" remote set-url origin "$2" 2>/dev/null || true',
      ]
    : ['  git clone --no-checkout "$2" "$new"']),
  '  commit=$(wanted "$new" "$3")',
  '  [ -n "$commit" ] || fail "$1 has no tag, branch or commit $3."',
  '  git -C "$new" checkout --quiet --detach "$commit"',
  '  mv "$new" "$target"',
  '  echo "$1 is at $3, commit $commit."',
  '}',
  '',
]

function existingLines(isOffline: boolean, existing: Existing): string[] {
  if (existing === 'stop') return ['    *) fail "$target is there in another version (${state#other: })." ;;']
  const rename = [
    '      mv "$target" "$target.before-$(date +%Y%m%d-%H%M%S)"',
    '      echo "The old $1 was renamed (${state#other: })."',
  ]
  if (existing === 'aside') return ['    *)', ...rename, '      ;;']
  return [
    '    *)',
    '      [ -e "$target/.git" ] || fail "$target is no clone, so it cannot be switched."',
    isOffline
      ? '      git -C "$target" fetch --tags "$(offline_file "$1")" "+refs/heads/*:refs/remotes/origin/*"'
      : '      git -C "$target" fetch --tags "$2" "+refs/heads/*:refs/remotes/origin/*"',
    '      commit=$(wanted "$target" "$3")',
    '      [ -n "$commit" ] || fail "$1 has no tag, branch or commit $3."',
    '      git -C "$target" checkout --quiet --detach "$commit"',
    '      echo "$1 was switched to $3, commit $commit."',
    '      return',
    '      ;;',
  ]
}

/** Puts folders of one repository into another and makes those that the guide works with; null where there are none. */
export function arrangeScript({ sources }: ChosenSetup, existing: Existing): string | null {
  const places = new Map(sources.map(({ name, path }) => [name, path]))
  const lines = sources.flatMap((source) => [...copyLine(source, places), ...folderLines(source)])
  if (lines.length === 0) return null
  return scriptText(scriptHead('Put the repositories together'), copyFunction(existing), lines)
}

function copyLine({ path, copied }: ChosenSource, places: ReadonlyMap<string, string>): string[] {
  const into = copied === undefined ? undefined : places.get(copied.into)
  if (copied === undefined || into === undefined) return []
  return [`copy ${shellQuote(`${path}/${copied.folder}`)} ${shellQuote(`${into}/${copied.folder}`)}`]
}

const folderLines = ({ path, folders = [] }: ChosenSource): string[] =>
  folders.length === 0 ? [] : [`mkdir -p -- ${folders.map((name) => shellQuote(`${path}/${name}`)).join(' ')}`]

const copyFunction = (existing: Existing): string[] => [
  comment('copy FROM TO: a folder, unless it is there; what was compiled in it since does not count'),
  'copy() {',
  '  local differences',
  '  if [ -e "$2" ]; then',
  '    differences=$(diff -rq --exclude=__pycache__ -- "$1" "$2" | grep -v -F "Only in $2" || true)',
  '    if [ -z "$differences" ]; then',
  '      echo "$2 is there."',
  '      return',
  '    fi',
  ...(existing === 'stop'
    ? [`    printf '%s\\n' "$differences" >&2`, '    fail "$2 is there and differs from $1."']
    : ['    mv "$2" "$2.before-$(date +%Y%m%d-%H%M%S)"', '    echo "The old $2 was renamed."']),
  '  fi',
  '  rm -rf -- "$2.new"',
  '  cp -a -- "$1" "$2.new"',
  '  mv "$2.new" "$2"',
  '  echo "Copied $1 to $2."',
  '}',
  '',
]
