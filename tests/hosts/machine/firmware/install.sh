# Body of the firmware package. Sourced by its head with $payload, $version, and the options below.
part=Firmware
home=$ascend/firmware
log_start
[ "$(id -u)" = 0 ] || fail 0x0093 'Permission denied, please run as root!'
lock_or_fail
if [ "$action" = uninstall ]; then
  [ -e "$home/version.info" ] || fail 0x0080 'Firmware package is not installed!'
  rm -rf "$home"
  forget Firmware
  say INFO 'Firmware package uninstalled successfully! Reboot needed for uninstallation to take effect!'
  log_end
fi
id "$user" > /dev/null 2>&1 || fail 0x0091 "$user not exists!"
[ -e /run/ascend/driver ] || fail 0x0089 'Driver is not installed or not loaded, please install the driver first.'
same_owner_or_fail
pace 'upgradePercentage: 0%' 'upgradePercentage: 90%' 'upgradePercentage: 90%'
rm -rf "$home"
mkdir -p "$home"
cp -a "$payload/." "$home/"
rm "$home/install.sh"
remember Firmware
pace 'upgradePercentage: 100%'
say INFO "The firmware of [$(lspci -n -d 19e5: | wc -l)] chips are successfully upgraded."
say INFO 'Firmware package installed successfully! Reboot now or after driver installation for the installation/upgrade to take effect.'
log_end
