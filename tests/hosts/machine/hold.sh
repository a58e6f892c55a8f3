#!/bin/sh
# Keeps one make-believe server. Started inside a mount and UTS namespace of its own, so that nothing of it is seen
# outside and all of it is gone when its last process ends. Ends with its standard input.
# usage: hold.sh FOLDER SOURCE NAME NODE; FOLDER/files is laid over the copy of this machine, NODE is a path or empty
set -eu
# Ctrl-C in a terminal reaches everything in it; whoever started this closes its input then.
trap '' INT
folder=$1
source=$2
name=$3
node=$4

mkdir "$folder/store" "$folder/root"
mount -t tmpfs -o mode=755 machine "$folder/store"
mkdir "$folder/store/upper" "$folder/store/work"
options="lowerdir=/,upperdir=$folder/store/upper,workdir=$folder/store/work"
mount -t overlay -o "$options" machine "$folder/root"
hostname "$name"

# What belongs to this machine alone is hidden: home folders, folders that no Linux has, programs beside the packages.
for path in "$folder"/root/*; do
  case ${path##*/} in
    bin | boot | dev | etc | lib | lib32 | lib64 | libx32 | proc | run | sbin | sys | tmp | usr | var) ;;
    *) [ ! -d "$path" ] || [ -L "$path" ] || mount -t tmpfs -o mode=755 machine "$path" ;;
  esac
done
chmod 700 "$folder/root/root"
rm -rf "$folder/root/usr/local" "$folder/root/usr/bin/node"
mkdir -p "$folder/root/usr/local/bin" "$folder/root/usr/local/sbin"
cp -a "$source/root/." "$folder/files/." "$folder/root/"
chown -R 0:0 "$folder/root/root"
if [ -n "$node" ]; then
  touch "$folder/root/opt/node"
  mount --bind "$node" "$folder/root/opt/node"
fi
printf '%s\n' "$name" > "$folder/root/etc/hostname"
# As on a server whose kernel has its headers: installers of drivers ask for them.
mkdir -p "$folder/root/lib/modules/$(uname -r)/build"

init() {
  pid=$(cat "$folder/pid")
  cut -d ' ' -f 1 "/proc/$pid/task/$pid/children" 2> /dev/null
}
# 82 is the end that asks for another start: what `reboot` gives inside.
run() {
  while [ ! -e "$folder/ended" ]; do
    cat /proc/sys/kernel/random/uuid > "$folder/boot_id"
    # unshare itself has nothing to say, but for a complaint when its child is killed.
    setpriv --pdeathsig KILL unshare --pid --mount --fork --kill-child sh "$source/boot.sh" "$folder" 3>&2 2> /dev/null &
    echo $! > "$folder/pid"
    code=0
    wait $! 2> /dev/null || code=$?
    [ "$code" = 82 ] || exit "$code"
    sleep 0.5
  done
}
run < /dev/null &
loop=$!
while read -r word; do
  case $word in
    reboot) kill -USR1 "$(init)" ;;
    *) echo "unknown: $word" >&2 ;;
  esac
done
touch "$folder/ended"
kill -KILL "$(init)" 2> /dev/null || kill "$loop" 2> /dev/null || true
wait "$loop" 2> /dev/null || true
