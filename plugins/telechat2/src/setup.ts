import { containerPanel, driverPanel } from '#plugin-api'

/** The container of the guide: eight NPUs, privileged, with the host's memory and network. */
export const container = containerPanel({
  image: 'telechat-ms:1.0',
  container: 'telechat',
  isPrivileged: true,
  systemMounts: [
    '/usr/local/Ascend/driver',
    '/usr/local/Ascend/add-ons',
    '/usr/local/sbin/npu-smi',
    '/usr/local/sbin',
    '/var/log/npu/conf/slog/slog.conf',
    '/var/log/npu/slog',
    '/var/log/npu/profiling',
    '/var/log/npu/dump',
    '/var/log/npu:/usr/slog',
  ],
  checks: ['mindspore', 'mindformers'],
  pythonPath: '/workspace/TeleChat2/mindformers',
})

export const driver = driverPanel()
