import { containerPanel, dockerPanel, driverPanel, imagePanel, mindFormers, sourcesPanel } from '#plugin-api'

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

export const docker = dockerPanel()

/** The image of the guide, built from its Dockerfile_TeleChat_ms. */
export const image = imagePanel({
  image: 'telechat-ms:1.0',
  base: 'swr.cn-south-1.myhuaweicloud.com/ascendhub/ascend-mindspore:24.0.RC1-A2-openeuler20.03',
  action: 'build',
})

/** The tree of the guide: later commits changed its scripts. */
export const sources = sourcesPanel({
  mindformers: mindFormers({
    label: 'TeleChat2',
    folder: 'telechat2',
    revision: '0281ddc',
    mindspore: '2.4.0',
    cann: '8.0.RC3',
    python: '3.10',
    tree: { name: 'TeleChat2', url: 'https://github.com/Tele-AI/TeleChat2.git', path: 'mindformers-telechat' },
    hasRunCheck: true,
  }),
})
