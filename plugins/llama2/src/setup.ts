import { containerPanel, driverMounts, driverPanel, imagePanel } from '#plugin-api'

/** The guide of MindSpeed-LLM names no image; this is the tag its project publishes for Atlas A2. */
export const container = containerPanel({
  image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64',
  container: 'mindspeed-llm',
  systemMounts: driverMounts,
  checks: ['torch_npu'],
})

export const driver = driverPanel()

export const image = imagePanel({ image: 'mindspeed-llm:26.0.0-910b-openeuler24.03-py3.11-aarch64' })
