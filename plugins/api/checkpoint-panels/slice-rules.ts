import type { Finding } from '#engine/protocol/plan.ts'
import type { PlanInput } from '../family.ts'
import { error, note } from '../findings.ts'
import { checkApart } from '../outputs.ts'
import { baseName } from '../paths.ts'
import { text } from '../text.ts'
import { checkPath } from './path-rules.ts'

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

const isStrategy = (name: string): boolean => name.endsWith('.ckpt') || name.endsWith('.json')

/** A strategy is a file, or a folder with those of all stages. */
export const checkStrategy = (input: PlanInput, field: string): Finding[] =>
  checkPath(input, field, ({ kind, names }, path) => {
    const isFound = kind === 'file' ? isStrategy(path) : names.some(isStrategy)
    if (isFound) return []
    const message = text(
      `${path} is no strategy: training writes ckpt_strategy_rank_0.ckpt and so on to output/strategy, with only_save_strategy or on its first step.`,
      `${path} 不是切分策略：训练会在 output/strategy 下写出 ckpt_strategy_rank_0.ckpt 等文件（only_save_strategy，或首步编译后）。`,
    )
    return [error('slices.noStrategy', message, field)]
  })

/** Rank folders are numbered from 0 without a gap. */
export const checkRanks = (input: PlanInput, field: string): Finding[] =>
  checkPath(input, field, ({ kind, names }, path) => {
    const ranks = names.flatMap((name) => (/^rank_\d{1,6}$/.test(name) ? [Number(name.slice('rank_'.length))] : []))
    if (kind === 'file' || ranks.length === 0) {
      const below = /^rank_\d+$/.test(baseName(path))
      const message = text(
        `${path} holds no rank_0.${below ? ' Choose the folder above it.' : ' Choose the folder that holds rank_0, rank_1, ...'}`,
        `${path} 中没有 rank_0。${below ? '请选择其上一级目录。' : '请选择包含 rank_0、rank_1 等子目录的目录。'}`,
      )
      return [error('slices.noRanks', message, field)]
    }
    const last = Math.max(...ranks)
    const known = new Set(ranks)
    const gaps = Array.from({ length: last }, (_, rank) => rank).filter((rank) => !known.has(rank))
    const count = text(`${ranks.length} ranks.`, `${ranks.length} 个分片。`)
    if (gaps.length === 0) return [note('slices.ranks', count, field)]
    const [first] = gaps
    const message = text(
      `${ranks.length} of ${last + 1} ranks are there: rank_${first}${gaps.length > 1 ? ` and ${gaps.length - 1} more` : ''} is missing. Copy the ranks of all nodes into one folder.`,
      `${last + 1} 个分片中只有 ${ranks.length} 个：缺少 rank_${first}${gaps.length > 1 ? ` 等 ${gaps.length} 个` : ''}。请将所有节点的分片复制到同一目录。`,
    )
    return [error('slices.gap', message, field)]
  })
