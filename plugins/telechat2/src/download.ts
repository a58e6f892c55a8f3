import { downloadPanel, text } from '#plugin-api'

const files = 'https://telechat-docker.obs.cn-north-4.myhuaweicloud.com/model_weight'

/** What the guide of this family has downloaded. */
export const download = downloadPanel([
  {
    id: 'telechat2-7b-ms',
    title: text('TeleChat2 7B for MindSpore', 'TeleChat2 7B（MindSpore 权重）'),
    kind: 'model',
    hub: 'address',
    repository: `${files}/Telechat_7B/TeleChat2-7B_ms.ckpt`,
    bytes: 15.3e9,
  },
  {
    id: 'telechat2-35b-ms',
    title: text('TeleChat2 35B for MindSpore (an archive)', 'TeleChat2 35B（MindSpore 权重压缩包）'),
    kind: 'model',
    hub: 'address',
    repository: `${files}/Telechat_35B/TeleChat2-35B_ms.tar`,
    bytes: 71e9,
  },
])
