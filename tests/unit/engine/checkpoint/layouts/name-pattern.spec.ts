import { expect, it } from 'vitest'
import { matchesPattern } from '../../../../../engine/checkpoint/layouts/name-pattern.ts'

it.each([
  ['lm_head.weight', 'lm_head.weight', true],
  ['lm_head.weight.x', 'lm_head.weight', false],
  ['a.rotary_emb.inv_freq', '*.rotary_emb.inv_freq', true],
  ['rotary_emb.inv_freq', '*.rotary_emb.inv_freq', false],
  ['adam_m.x', 'adam_m.*', true],
  ['abc', 'ab*bc', false],
  ['abbc', 'ab*bc', true],
  ['a1b2c', 'a*b*c', true],
  ['a1c2b', 'a*b*c', false],
  ['anything', '*', true],
  ['a+b', 'a.b', false],
])('%s fits %s: %s', (name, pattern, expected) => {
  expect(matchesPattern(name, pattern)).toBe(expected)
})

it('takes no time for a pattern that would hang a regular expression', () => {
  const startedAt = performance.now()
  expect(matchesPattern('a'.repeat(100_000), `${'*a'.repeat(50)}*b`)).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(1000)
})
