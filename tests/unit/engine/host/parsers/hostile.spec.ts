import { describe, expect, it } from 'vitest'
import { parseHostText } from '../../../../../engine/host/parsers/index.ts'
import { hostFixtures } from './fixtures.ts'

describe('hostile and broken texts', () => {
  const texts = hostFixtures().map(({ text }) => text)
  const kinds = [
    'npu-smi',
    'hccn',
    'docker',
    'version-info',
    'info',
    'map',
    'topo',
    'watch',
    'health',
    'board',
    'hccn-conf',
    'lspci',
  ]

  it('never throws, whatever kind is asked for', () => {
    for (const text of texts) for (const kind of kinds) expect(typeof parseHostText(kind, text)).toBe('object')
  })

  it('never throws on texts that are cut, doubled or shuffled', () => {
    for (const [at, text] of texts.entries()) {
      const lines = text.split('\n')
      const broken = [
        text.slice(text.length / 3),
        text + text,
        lines.toReversed().join('\n'),
        lines.map((line) => line.slice(at % 17)).join('\r'),
        text.replaceAll(':', ''),
        text.replaceAll(/\d/g, 'x'),
        text.replaceAll(/\s+/g, ' '),
      ]
      for (const one of broken) for (const kind of kinds) expect(() => parseHostText(kind, one)).not.toThrow()
    }
  })

  it('keeps hostile keys as keys', () => {
    const parsed = parseHostText('board', '__proto__ : 1\nconstructor : 2\nNPU ID : 0\n')
    expect(JSON.stringify(parsed)).toBe('{"kind":"board","sections":[{"constructor":"2","NPU ID":"0"}]}')
    expect(({} as Record<string, unknown>)['1']).toBeUndefined()
  })

  it('takes long lines in time that grows with their length', () => {
    const started = performance.now()
    for (const text of ['a '.repeat(100_000), '|'.repeat(100_000), ': '.repeat(50_000), `${' '.repeat(100_000)}x`]) {
      for (const kind of kinds) parseHostText(kind, text)
    }
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
