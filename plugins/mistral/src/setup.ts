import {
  containerPanel,
  dockerPanel,
  driverMounts,
  driverPanel,
  imagePanel,
  mindSpeedLlm,
  modelLink,
  sourcesPanel,
} from '#plugin-api'

/** The guide of ModelLink names no image; this is the tag that the project after it publishes for Atlas A2. */
export const container = containerPanel({
  image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64',
  container: 'modellink',
  systemMounts: driverMounts,
  checks: ['torch_npu'],
})

export const driver = driverPanel()

export const docker = dockerPanel()

export const image = imagePanel({ image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64' })

/** ModelLink of the guide, or MindSpeed-LLM that followed it. */
export const sources = sourcesPanel({ modellink: modelLink, mindspeed: mindSpeedLlm })
