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

/** The guide of MindSpeed-LLM names no image; this is the tag its project publishes for Atlas A2. */
export const container = containerPanel({
  image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64',
  container: 'mindspeed-llm',
  systemMounts: driverMounts,
  checks: ['torch_npu'],
})

export const driver = driverPanel()

export const docker = dockerPanel()

export const image = imagePanel({ image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64' })

/** MindSpeed-LLM of its guide, or MindFormers of the guide of branch r0.8. */
export const sources = sourcesPanel({
  mindspeed: mindSpeedLlm,
  mindformers: mindFormers({
    label: 'MindFormers r0.8',
    folder: 'mindformers-r0.8',
    revision: 'r0.8',
    mindspore: '2.2.0',
    cann: '7.0',
    python: '3.9',
  }),
})
