import {
  containerPanel,
  dockerPanel,
  driverMounts,
  driverPanel,
  imagePanel,
  mindFormers,
  mindSpeedLlm,
  sourcesPanel,
} from '#plugin-api'

/** The image of the guide. */
export const container = containerPanel({
  image: 'swr.cn-central-221.ovaijisuan.com/mindformers/mindformers1.0.2_mindspore2.2.13:20240408',
  container: 'mindformers',
  systemMounts: driverMounts,
  checks: ['mindspore', 'mindformers'],
  pythonPath: '/home/ma-user/work/mindformers',
})

export const driver = driverPanel()

export const docker = dockerPanel()

export const image = imagePanel({
  image: 'swr.cn-central-221.ovaijisuan.com/mindformers/mindformers1.0.2_mindspore2.2.13:20240408',
})

/** MindFormers of the guide, with acctransformer for FlashAttention on Atlas 800, or MindSpeed-LLM. */
export const sources = sourcesPanel({
  mindspeed: mindSpeedLlm,
  mindformers: mindFormers({
    label: 'MindFormers r1.0.a',
    folder: 'mindformers-r1.0.a',
    revision: 'r1.0.a',
    mindspore: '2.2.13',
    cann: '7.0',
    python: '3.9',
    more: [
      {
        name: 'acctransformer',
        url: 'https://gitee.com/mindspore/acctransformer.git',
        revision: 'fa1_for_ms2.2.11',
        pythonPath: 'train',
      },
    ],
  }),
})
