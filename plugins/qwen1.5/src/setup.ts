import { containerPanel, driverMounts, driverPanel, imagePanel } from '#plugin-api'

/** The image of the guide. */
export const container = containerPanel({
  image: 'swr.cn-central-221.ovaijisuan.com/mindformers/mindformers1.0.2_mindspore2.2.13:20240408',
  container: 'mindformers',
  systemMounts: driverMounts,
  checks: ['mindspore', 'mindformers'],
  pythonPath: '/home/ma-user/work/mindformers',
})

export const driver = driverPanel()

export const image = imagePanel({
  image: 'swr.cn-central-221.ovaijisuan.com/mindformers/mindformers1.0.2_mindspore2.2.13:20240408',
})
