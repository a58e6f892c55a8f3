/**
 * The few scripts that run on a host before there is an engine. Each is constant; what differs comes as arguments, so
 * nothing of a name or path is ever read as shell text. They need `sh` and what every Linux has (BusyBox will do).
 */
export const remoteScript = (script: string, ...args: readonly string[]): string[] => [
  'sh',
  '-c',
  script,
  'sh',
  ...args,
]

/** $1: the engine's folder, which may begin with `~/`. Prints `key value` lines. */
export const PROBE = `
case "$1" in '~') dir=$HOME ;; '~/'*) dir=$HOME/\${1#??} ;; *) dir=$1 ;; esac
echo "dir $dir"
echo "os $(uname -s)"
echo "arch $(uname -m)"
echo "libc $( (getconf GNU_LIBC_VERSION || ldd --version) 2>&1 | head -n 1)"
for node in "$(command -v node)" "$dir"/runtime/*/bin/node; do
  [ -x "$node" ] && echo "node $node $("$node" --version 2>/dev/null)"
done
for engine in "$dir"/engine/*/; do
  [ -f "$engine/sha256" ] && echo "engine $(basename "$engine") $(cat "$engine/sha256")"
done
[ -f "$dir/engine/pinned" ] && echo "pinned $(cat "$dir/engine/pinned")"
exit 0`

/** Exit codes of the two installers, besides those of the programs that they run. */
export const CHECKSUM_FAILED = 71
export const DOES_NOT_START = 72

/**
 * Standard input: the bundle, gzipped. $1 folder, $2 name, $3 sha256 of the bundle, $4 Node, then the words that start a
 * program inside a container, if that is where it is to run.
 */
export const INSTALL_ENGINE = `
set -eu
umask 077
folder=$1/engine target=$1/engine/$2 sha256=$3 node=$4
shift 4
mkdir -p "$folder"
new=$(mktemp -d "$folder/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
gzip -dc > "$new/engine.mjs"
[ "$(sha256sum < "$new/engine.mjs" | cut -d ' ' -f 1)" = "$sha256" ] || exit ${CHECKSUM_FAILED}
"$@" "$node" "$new/engine.mjs" --version > /dev/null || exit ${DOES_NOT_START}
echo "$sha256" > "$new/sha256"
sync
[ ! -e "$target" ] || mv "$target" "$new/old"
mv "$new" "$target"
rm -rf "$target/old"
trap - EXIT`

/** Standard input: the program, gzipped. $1 folder, $2 name, $3 sha256 of the program, then as above. */
export const INSTALL_RUNTIME = `
set -eu
umask 077
folder=$1/runtime target=$1/runtime/$2 sha256=$3
shift 3
mkdir -p "$folder"
new=$(mktemp -d "$folder/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir "$new/bin"
gzip -dc > "$new/bin/node"
[ "$(sha256sum < "$new/bin/node" | cut -d ' ' -f 1)" = "$sha256" ] || exit ${CHECKSUM_FAILED}
chmod 700 "$new/bin/node"
"$@" "$new/bin/node" --version > /dev/null || exit ${DOES_NOT_START}
sync
[ ! -e "$target" ] || mv "$target" "$new/old"
mv "$new" "$target"
rm -rf "$target/old"
trap - EXIT`

/** $1 folder, $2 name; without a name the pin is taken away. */
export const PIN = `
set -eu
if [ -z "$2" ]; then rm -f "$1/engine/pinned"; else
  [ -f "$1/engine/$2/engine.mjs" ]
  echo "$2" > "$1/engine/pinned.new"
  mv "$1/engine/pinned.new" "$1/engine/pinned"
fi`

/** $1 folder, $2 name of an engine. */
export const REMOVE_ENGINE = `rm -rf "$1/engine/$2"`

/**
 * $1 folder, $2 \`all\` takes jobs and settings of the engine along. Refuses what is no folder of an engine. Without its
 * mark the recording of NPUs ends by itself, should it still run.
 */
export const UNINSTALL = `
set -eu
[ -d "$1/engine" ] && [ "$1" != / ] && [ "$1" != "$HOME" ]
rm -f "$1/npu-records/wanted.json"
if [ "$2" = all ]; then rm -rf "$1"; else rm -rf "$1/engine" "$1/runtime"; rmdir "$1" 2> /dev/null || true; fi`
