import { folderField, switchField, textField } from '../fields.ts'
import { text, type Text } from '../text.ts'
import type { Showing } from './showing.ts'

/** The strategy that a training has saved; `flag` is how the original program calls it. */
export const strategyField = (title: Text, flag: string, more: Showing & { readonly isRequired?: boolean } = {}) =>
  folderField({
    title,
    help: text(
      `The folder output/strategy of the training with the files of all stages, or one merged file (${flag}).`,
      `训练输出的 output/strategy 目录（包含所有阶段的策略文件），或合并后的单个策略文件（${flag}）。`,
    ),
    isRequired: true,
    ...more,
  })

export const ranksField = (flag: string, more: Showing = {}) =>
  folderField({
    title: text('Rank folders', '分片权重目录'),
    help: text(
      `The folder with rank_0, rank_1, ..., for example output/checkpoint_network (${flag}).`,
      `包含 rank_0、rank_1 等子目录的目录，例如 output/checkpoint_network（${flag}）。`,
    ),
    isRequired: true,
    ...more,
  })

export const weightsOnlyField = (isDefault: boolean, more: Showing = {}) =>
  switchField({
    title: text('Weights only', '仅保留权重'),
    help: text(
      'Leaves out the optimizer state, the step counters and the loss scale. Off: they are kept, to resume a training.',
      '去除优化器状态、步数与损失缩放。关闭则全部保留，用于续训。',
    ),
    default: isDefault,
    ...more,
  })

export const prefixField = (more: Showing = {}) =>
  textField({
    title: text('File prefix', '文件前缀'),
    help: text(
      'Files are <prefix><rank>.ckpt in rank_<rank>; nothing is put between the two (--prefix).',
      '文件名为 rank_<编号> 目录下的 <前缀><编号>.ckpt，两者之间不加分隔符（--prefix）。',
    ),
    default: 'checkpoint_',
    isExpert: true,
    ...more,
  })

export const sliceOutputField = folderField({
  title: text('Output folder', '输出目录'),
  help: text(
    'A new folder for rank_0, rank_1, ... (--dst_checkpoint_dir, --dst_ckpt_dir). It appears only when everything is written.',
    '新的目录，用于存放 rank_0、rank_1 等（--dst_checkpoint_dir、--dst_ckpt_dir）。全部写完后才会出现。',
  ),
})
