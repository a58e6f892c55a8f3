import { downloadPanel, plain, text } from '#plugin-api'

/** What the guide of this family has downloaded. */
export const download = downloadPanel([
  {
    id: 'mistral-7b-instruct',
    title: plain('Mistral 7B Instruct v0.2'),
    kind: 'model',
    hub: 'huggingface',
    repository: 'mistralai/Mistral-7B-Instruct-v0.2',
    // The repository holds the weights twice.
    exclude: ['*.bin', 'pytorch_model.bin.index.json', 'consolidated*'],
    bytes: 14.5e9,
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
    id: 'alpaca-zh',
    title: text('Chinese Alpaca by GPT-4', '中文 Alpaca（GPT-4）'),
    kind: 'dataset',
    hub: 'huggingface',
    repository: 'silk-road/alpaca-data-gpt4-chinese',
    include: ['*.jsonl'],
  },
])
