import type { Finding } from '#engine/protocol/plan.ts'
import { error } from '../findings.ts'
import { listOf, text } from '../text.ts'
import type { ShapeNumbers } from './model.ts'

/** Powers of two and small factors that divide every one of the numbers, smallest first. */
export function commonDivisors(limit: number, ...numbers: readonly number[]): number[] {
  const divisors: number[] = []
  for (let candidate = 1; candidate <= limit; candidate++) {
    if (numbers.every((number) => number % candidate === 0)) divisors.push(candidate)
  }
  return divisors
}

/** TP splits the heads, the key/value groups and the FFN; PP splits the layers. Each has to come out even. */
export function checkParallel(
  shape: ShapeNumbers,
  { tp, pp }: { readonly tp: number; readonly pp: number },
  fields: { readonly tp: string; readonly pp: string },
): Finding[] {
  const findings: Finding[] = []
  const choices = listOf(commonDivisors(64, shape.heads, shape.kvGroups, shape.ffn))
  const parts = [
    ['parallel.heads', shape.heads, 'attention heads', '个注意力头'],
    ['parallel.kvGroups', shape.kvGroups, 'key/value groups', '个键值组'],
    ['parallel.ffn', shape.ffn, 'FFN channels', '个 FFN 通道'],
  ] as const
  for (const [code, count, en, chinese] of parts) {
    if (count % tp === 0) continue
    const rest = count % tp
    findings.push(
      error(
        code,
        text(
          `TP ${tp} does not divide the ${count} ${en} (${count} mod ${tp} = ${rest}). TP can be ${choices}.`,
          `TP ${tp} 不能整除 ${count} ${chinese}（${count} mod ${tp} = ${rest}）。TP 可取 ${choices}。`,
        ),
        fields.tp,
      ),
    )
  }
  if (shape.layers % pp !== 0) {
    const rest = shape.layers % pp
    const stages = listOf(commonDivisors(shape.layers, shape.layers))
    findings.push(
      error(
        'parallel.layers',
        text(
          `PP ${pp} does not divide the ${shape.layers} layers (${shape.layers} mod ${pp} = ${rest}). PP can be ${stages}.`,
          `PP ${pp} 不能整除 ${shape.layers} 层（${shape.layers} mod ${pp} = ${rest}）。PP 可取 ${stages}。`,
        ),
        fields.pp,
      ),
    )
  }
  return findings
}
