import { downloadPanel, text } from '#plugin-api'

const llama = { kind: 'model', hub: 'huggingface' } as const

/** What the guides of this family have downloaded. */
export const download = downloadPanel([
  {
    ...llama,
    id: 'llama2-7b',
    title: text('Llama 2 7B (a free copy)', 'Llama 2 7B（免申请副本）'),
    repository: 'daryl149/llama-2-7b-hf',
    bytes: 13.5e9,
  },
  {
    ...llama,
    id: 'meta-7b',
    title: text('Llama 2 7B by Meta', 'Meta 发布的 Llama 2 7B'),
    repository: 'meta-llama/Llama-2-7b-hf',
    exclude: ['*.bin'],
    bytes: 13.5e9,
    isGated: true,
  },
  {
    ...llama,
    id: 'meta-13b',
    title: text('Llama 2 13B by Meta', 'Meta 发布的 Llama 2 13B'),
    repository: 'meta-llama/Llama-2-13b-hf',
    exclude: ['*.bin'],
    bytes: 26e9,
    isGated: true,
  },
  {
    ...llama,
    id: 'meta-70b',
    title: text('Llama 2 70B by Meta', 'Meta 发布的 Llama 2 70B'),
    repository: 'meta-llama/Llama-2-70b-hf',
    exclude: ['*.bin'],
    bytes: 138e9,
    isGated: true,
  },
  {
    id: 'alpaca',
    title: text('Alpaca, 52 000 instructions', 'Alpaca 指令数据（5.2 万条）'),
    kind: 'dataset',
    hub: 'huggingface',
    repository: 'tatsu-lab/alpaca',
  },
  {
    id: 'sharegpt-zh',
    title: text('Chinese ShareGPT conversations', '中文 ShareGPT 多轮对话'),
    kind: 'dataset',
    hub: 'huggingface',
    repository: 'shibing624/roleplay-zh-sharegpt-gpt4-data',
    include: ['*.jsonl'],
  },
  {
    id: 'enwiki',
    title: text('English Wikipedia, first part', '英文维基百科（第一部分）'),
    kind: 'dataset',
    hub: 'huggingface',
    repository: 'lsb/enwiki20230101',
    include: ['data/train-00000-of-*.parquet'],
  },
])
