/** Constant scripts about the containers of a host, as those of remote-scripts.ts. */

/**
 * $1: the engine's folder, absolute. $2: one container, or empty for all that run. $3: what to run inside, with the
 * folder and a file in it as $1 and $2. Prints `client WORDS`, `container NAME IMAGE`, and `in LINE` for what each says.
 */
export const CONTAINERS = `
PATH=$PATH:/usr/local/bin
if docker info > /dev/null 2>&1; then client=docker
elif sudo -n docker info > /dev/null 2>&1; then client='sudo -n docker'
else docker info > /dev/null || true; exit 1; fi
umask 077
mkdir -p "$1"
mark=$(mktemp "$1/.seen.XXXXXX") || exit 1
trap 'rm -f "$mark"' EXIT
echo "client $client"
$client ps --format '{{.Names}} {{.Image}}' | while read -r name image; do
  [ -z "$2" ] || [ "$2" = "$name" ] || continue
  echo "container $name $image"
  $client exec "$name" sh -c "$3" sh "$1" "$mark" < /dev/null 2> /dev/null | sed 's/^/in /'
done
exit 0`

/** Inside a container. $1: the engine's folder. $2: a file in it. A small image has neither getconf nor ldd. */
export const INSIDE = `
echo "os $(uname -s)"
echo "arch $(uname -m)"
libc=$( (getconf GNU_LIBC_VERSION || ldd --version) 2> /dev/null | head -n 1)
for file in /lib64/libc.so.6 /lib/*/libc.so.6 /usr/lib64/libc.so.6; do
  if [ -z "$libc" ] && [ -x "$file" ]; then libc=$("$file" 2> /dev/null | head -n 1); fi
done
echo "libc $libc"
[ -e "$2" ] && echo "seen yes"
for tool in bash cat mv sleep; do
  command -v "$tool" > /dev/null || echo "missing $tool"
done
for node in "$(command -v node)" "$1"/runtime/*/bin/node; do
  [ -x "$node" ] && echo "node $node $("$node" --version 2> /dev/null)"
done
exit 0`
