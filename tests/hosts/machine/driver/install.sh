# Body of the driver package. Sourced by its head with $payload, $version, $arch, and the options below.
part=Driver
home=$ascend/driver
log_start
[ "$(id -u)" = 0 ] || fail 0x0093 'Permission denied, please run as root!'
lock_or_fail
if [ "$action" = uninstall ]; then
  [ -e "$home/version.info" ] || fail 0x0080 'Driver package is not installed!'
  nodes_free_or_fail
  rm -rf "$home" /usr/local/sbin/npu-smi /usr/bin/hccn_tool
  forget Driver
  say INFO 'Driver package uninstalled successfully! Reboot needed for uninstallation to take effect!'
  log_end
fi
[ "$(uname -m)" = "$arch" ] || fail 0x0089 "Arch mismatch, src package is $arch, cur os is $(uname -m)"
id "$user" > /dev/null 2>&1 || fail 0x0091 "$user not exists!"
tools_or_fail lspci
[ "$(lspci -n -d 19e5: | wc -l)" -gt 0 ] || fail 0x0089 'No Ascend device is found on the PCIe bus.'
nodes_free_or_fail
say INFO "set username and usergroup, $user:$group"
same_owner_or_fail
before=no
[ -e "$home/version.info" ] && before=yes
say INFO 'driver install type: Direct'
pace 'upgradePercentage:10%'
rm -rf "$home.new"
mkdir -p "$home.new"
cp -a "$payload/." "$home.new/"
rm "$home.new/install.sh"
chmod 755 "$home.new/tools/"*
pace 'upgradePercentage:30%' 'upgradePercentage:40%'
rm -rf "$home"
mv "$home.new" "$home"
ln -sf "$home/tools/npu-smi" /usr/local/sbin/npu-smi
ln -sf "$home/tools/hccn_tool" /usr/bin/hccn_tool
remember Driver
pace 'upgradePercentage:90%'
if [ $before = no ]; then
  say INFO 'Waiting for device startup...'
  load-npu-driver
  say INFO 'Device startup success'
fi
pace 'upgradePercentage:100%'
if [ $before = no ]; then
  say INFO 'Driver package installed successfully! The new version takes effect immediately. '
else
  say INFO 'Driver package installed successfully! Reboot needed for installation/upgrade to take effect!'
fi
log_end
