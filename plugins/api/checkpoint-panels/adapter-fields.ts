import { folderField, multiSelectField, numberField, optionalIntegerField, switchField } from '../fields.ts'
import { group } from '../form.ts'
import { plain, text } from '../text.ts'
import type { Showing } from './showing.ts'

/** Modules that can have adapters, by their names in both of Megatron's layouts. */
const adapterModules = [
  { id: 'qkv', mcore: 'linear_qkv', legacy: 'query_key_value' },
  { id: 'o', mcore: 'linear_proj', legacy: 'dense' },
  { id: 'up', mcore: 'linear_fc1', legacy: 'dense_h_to_4h' },
  { id: 'down', mcore: 'linear_fc2', legacy: 'dense_4h_to_h' },
] as const

/** The names of chosen modules in a layout. */
export const moduleNames = (chosen: readonly string[], layout: 'mcore' | 'legacy'): string[] =>
  adapterModules.filter(({ id }) => chosen.includes(id)).map((names) => names[layout])

/** Where the adapters lie and how they are added to the weights. */
export const adapterFields = (condition: Showing) => ({
  adapters: folderField({
    title: text('Adapter checkpoint', '适配器权重'),
    help: text(
      'What LoRA fine-tuning wrote (--lora-load): a Megatron checkpoint with the TP and PP of the source.',
      'LoRA 微调写出的权重（--lora-load）：与源权重 TP、PP 相同的 Megatron 权重。',
    ),
    isRequired: true,
    ...condition,
  }),
  loraAlpha: numberField({
    title: text('Alpha', 'Alpha'),
    help: text(
      'The adapters are scaled by alpha / rank (--lora-alpha). It has to be that of the training.',
      '适配器按 alpha / rank 缩放（--lora-alpha），须与训练时一致。',
    ),
    default: 32,
    min: 0.001,
    ...condition,
  }),
  loraRank: optionalIntegerField({
    title: text('Rank', '秩'),
    help: text(
      'Rank of the adapters (--lora-r). Empty: what they have.',
      '适配器的秩（--lora-r）。留空则取适配器自身的秩。',
    ),
    min: 1,
    max: 4096,
    isExpert: true,
    ...condition,
  }),
  loraTargets: multiSelectField({
    title: text('Modules', '模块'),
    help: text(
      'Modules whose adapters are merged (--lora-target-modules). None chosen: all that have adapters.',
      '合并哪些模块的适配器（--lora-target-modules）。不选则合并所有带适配器的模块。',
    ),
    choices: adapterModules.map(({ id, mcore, legacy }) => ({ value: id, label: plain(`${mcore}, ${legacy}`) })),
    default: [],
    isExpert: true,
    ...condition,
  }),
})

/** Merging on the way, behind a switch. */
export const adapterGroup = group('adapters', text('LoRA adapters', 'LoRA 适配器'), {
  mergeAdapters: switchField({
    title: text('Merge LoRA adapters', '合并 LoRA 适配器'),
    help: text(
      'Adds the trained adapters to the weights before they are written. The source is the base model in Megatron layout.',
      '写出前将训练好的适配器加到权重上。源权重须为 Megatron 格式的基座模型。',
    ),
    default: false,
  }),
  ...adapterFields({ showIf: { field: 'mergeAdapters', in: [true] } }),
})
