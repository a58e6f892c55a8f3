import { downloadPanel, plain, text } from '#plugin-api'
import { sizes } from './weights.ts'

/** What the guides of this family have downloaded. */
export const download = downloadPanel([
  ...sizes.map(({ id, title }) => ({
    id: `qwen-${id}`,
    title: plain(`Qwen1.5 ${title}`),
    kind: 'model' as const,
    hub: 'huggingface' as const,
    repository: `Qwen/Qwen1.5-${title}`,
  })),
  {
    id: 'alpaca',
    title: text('Alpaca, 52 000 instructions', 'Alpaca 指令数据（5.2 万条）'),
    kind: 'dataset',
    hub: 'huggingface',
    repository: 'tatsu-lab/alpaca',
  },
])
