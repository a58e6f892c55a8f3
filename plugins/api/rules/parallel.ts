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
  const findings = checkTensorParallel(shape, tp, fields.tp)
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

/** One remark for all that TP does not divide: the choices that it names fit all of them. */
function checkTensorParallel({ heads, kvGroups, ffn }: ShapeNumbers, tp: number, field: string): Finding[] {
  const parts = [
    ['parallel.heads', heads, 'attention heads', '个注意力头'],
    ['parallel.kvGroups', kvGroups, 'key/value groups', '个键值组'],
    ['parallel.ffn', ffn, 'FFN channels', '个 FFN 通道'],
  ] as const
  const failing = parts.filter(([, count]) => count % tp !== 0)
  const [first] = failing
  if (!first) return []
  const choices = listOf(commonDivisors(64, heads, kvGroups, ffn))
  const english = failing.map(([, count, en]) => `the ${count} ${en} (${count} mod ${tp} = ${count % tp})`)
  const chinese = failing.map(([, count, , words]) => `${count} ${words}（${count} mod ${tp} = ${count % tp}）`)
  const last = english.pop() ?? ''
  const said = english.length === 0 ? last : `${english.join(', ')} and ${last}`
  return [
    error(
      first[0],
      text(
        `TP ${tp} does not divide ${said}. TP can be ${choices}.`,
        `TP ${tp} 不能整除 ${chinese.join('、')}。TP 可取 ${choices}。`,
      ),
      field,
    ),
  ]
}
