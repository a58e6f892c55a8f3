import type { Finding } from '#engine/protocol/plan.ts'
import { error, note } from '../findings.ts'
import { checkApart } from '../outputs.ts'
import { text } from '../text.ts'

/** What a prefix does to the names of the files. */
export function checkPrefix(prefix: string): Finding[] {
  if (/[/\\]/.test(prefix)) {
    const message = text(
      `${prefix} names a folder. The prefix is the first part of a file name only.`,
      `${prefix} 包含目录。前缀只能是文件名的开头部分。`,
    )
    return [error('slices.prefix', message, 'prefix')]
  }
  if (prefix === '' || /[_.-]$/.test(prefix)) return []
  const message = text(
    `The files will be called ${prefix}0.ckpt, ${prefix}1.ckpt, ...: no separator is put before the number. End the prefix with _ if one is wanted.`,
    `文件名将为 ${prefix}0.ckpt、${prefix}1.ckpt 等，编号前不加分隔符。需要分隔符时请以 _ 结尾。`,
  )
  return [note('slices.prefixJoined', message, 'prefix')]
}

/** Old and new ranks in one folder would be mixed, and a strategy there would be taken for the new one's. */
export const checkSliceOutput = (output: string, inputs: readonly string[]): Finding[] =>
  inputs.flatMap((input) => checkApart('output', output, input)).slice(0, 1)
