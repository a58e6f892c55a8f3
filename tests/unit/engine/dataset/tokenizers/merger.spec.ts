import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Merger } from '#engine/dataset/tokenizers/merger.ts'
import { PairTable } from '#engine/dataset/tokenizers/pair-table.ts'

type Rule = readonly [left: number, right: number, rank: number, merged: number]

/** The rule as it is told: merge the lowest rank, the leftmost of equals, until nothing merges. */
function mergePlainly(rules: readonly Rule[], symbols: readonly number[]): number[] {
  const current = [...symbols]
  for (;;) {
    const found = current
      .slice(0, -1)
      .map((left, at) => ({ at, rule: rules.find((rule) => rule[0] === left && rule[1] === current[at + 1]) }))
      .filter(({ rule }) => rule !== undefined)
      .sort((a, b) => a.rule![2] - b.rule![2] || a.at - b.at)[0]
    if (found === undefined) return current
    current.splice(found.at, 2, found.rule![3])
  }
}

const symbol = fc.integer({ min: 0, max: 5 })
/** Merging makes larger symbols only, as in a vocabulary, so that it ends. */
const rules = fc
  .uniqueArray(
    fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 6 })),
    {
      selector: ([left, right]) => `${left} ${right}`,
      maxLength: 30,
    },
  )
  .map((list) => list.map(([left, right, rank]): Rule => [left, right, rank, 6 + ((left * 7 + right) % 6)]))

describe('Merger', () => {
  it('merges as the rule says, few symbols or many', () => {
    fc.assert(
      fc.property(rules, fc.array(symbol, { maxLength: 120, size: 'max' }), (list, symbols) => {
        const table = new PairTable(list.length)
        for (const rule of list) table.add(...rule)
        const merged = Int32Array.from(symbols)
        const count = new Merger(table).merge(merged, symbols.length)
        expect([...merged.subarray(0, count)]).toEqual(mergePlainly(list, symbols))
      }),
    )
  })

  it('takes a million symbols without a break in seconds', () => {
    const table = new PairTable(2)
    table.add(0, 0, 0, 1)
    table.add(1, 1, 1, 2)
    const symbols = new Int32Array(1_000_000)
    expect(new Merger(table).merge(symbols, symbols.length)).toBe(250_000)
  })
})
