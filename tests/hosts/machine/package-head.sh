#!/bin/sh
# @NAME@: a make-believe package that behaves like the vendor's. What follows the last line is a tar.gz.
title='@TITLE@'
version='@VERSION@'
arch='@ARCH@'
sum='@SUM@'
lines=@LINES@

action=''
user=HwHiAiUser
group=HwHiAiUser
for_all=no
ascend=/usr/local/Ascend
part=Package

say() {
  line="[$part] [$(date '+%Y-%m-%d %H:%M:%S')] [$1]$2"
  echo "$line"
  [ "$(id -u)" != 0 ] || echo "$line" >> /var/log/ascend_seclog/ascend_install.log
}
fail() {
  say ERROR "ERR_NO:$1; ERR_DES: $2"
  exit 1
}
pace() {
  for step in "$@"; do
    sleep "$(cat /etc/ascend-demo/pace)"
    say INFO "$step"
  done
}
log_start() {
  [ "$(id -u)" != 0 ] || mkdir -p /var/log/ascend_seclog
  say INFO "Start time: $(date '+%Y-%m-%d %H:%M:%S')"
  say INFO 'LogFile: /var/log/ascend_seclog/ascend_install.log'
  say INFO 'OperationLogFile: /var/log/ascend_seclog/operation.log'
  say WARNING 'Do not power off or restart the system during the installation/upgrade'
}
log_end() {
  say INFO "End time: $(date '+%Y-%m-%d %H:%M:%S')"
  exit 0
}
# The lock ends with the process, however it ends.
lock_or_fail() {
  exec 9> /run/ascend/install.lock
  flock -n 9 || fail 0x0094 'The current package is already installing or uninstalling.'
}
tools_or_fail() {
  lost=''
  for tool in "$@"; do command -v "$tool" > /dev/null 2>&1 || lost="$lost$tool,"; done
  [ -z "$lost" ] || fail 0x0089 "The list of missing tools: $lost"
}
nodes_free_or_fail() {
  for link in /proc/[0-9]*/fd/*; do
    case $(readlink "$link") in
      /dev/davinci[0-9]*) fail 0x0089 'The davinci nodes are occupied by some processes, please stop processes and install or uninstall again.' ;;
    esac
  done
}
same_owner_or_fail() {
  [ -e /etc/ascend_install.info ] || return 0
  (
    . /etc/ascend_install.info
    [ "${UserName:-$user}:${UserGroup:-$group}" = "$user:$group" ]
  ) || fail 0x0095 'The user and group differ from those of the last installation.'
}
info() { grep -v "$1" /etc/ascend_install.info 2> /dev/null; }
remember() {
  {
    info "^User\|^$1_"
    echo "UserName=$user"
    echo "UserGroup=$group"
    echo "$1_Install_Type=$kind"
    echo "$1_Install_Path_Param=$ascend"
    [ "$1" = Firmware ] || printf '%s\n' "Driver_Install_For_All=$for_all" 'Driver_Install_Mode=normal'
  } > /etc/ascend_install.info.new
  mv /etc/ascend_install.info.new /etc/ascend_install.info
}
forget() {
  info "^$1_" > /etc/ascend_install.info.new
  mv /etc/ascend_install.info.new /etc/ascend_install.info
}
verify() {
  [ "$(tail -n "+$lines" "$0" | sha256sum | cut -d ' ' -f 1)" = "$sum" ] && return 0
  echo 'Verifying archive integrity...  0%   Error in SHA256 checksums: the package is damaged.' >&2
  exit 2
}

kind=full
for option in "$@"; do
  case $option in
    --full | --run | --docker | --devel) action=install kind=${option#--} ;;
    --upgrade) action=upgrade ;;
    --uninstall) action=uninstall ;;
    --check | --version) action=${option#--} ;;
    --install-for-all) for_all=yes ;;
    --install-username=*) user=${option#*=} ;;
    --install-usergroup=*) group=${option#*=} ;;
    --quiet | --norebuild | --nox11 | --force) ;;
    *) fail 0x0004 "Unrecognized parameters: $option. Try './*.run --help' for more information." ;;
  esac
done
[ -n "$action" ] || fail 0x0004 'Please specify one of --full, --run, --docker, --devel, --upgrade, --uninstall, --check, --version.'
[ "$action" = version ] && { echo "version: $version"; exit 0; }
verify
echo 'Verifying archive integrity...  100%   SHA256 checksums are OK. All good.'
[ "$action" = check ] && exit 0
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
if ! tail -n "+$lines" "$0" | tar -xz -C "$payload" 2> /dev/null; then
  echo 'Extraction failed.' >&2
  exit 1
fi
echo "Uncompressing $title  100%  "
# shellcheck disable=SC1091 # it comes out of this package
. "$payload/install.sh"
exit
