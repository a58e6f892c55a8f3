import { describe, expect, it } from 'vitest'
import { LOCAL_HOST, type NpuChip, type NpuSample } from '#engine/protocol/index.ts'
import { alertsOf, chipKey } from '#main/monitor/alerts.ts'
import { chipOf, sampleOf } from './samples.ts'

const knownOf = (...chips: NpuChip[]): Map<string, NpuChip> => new Map(chips.map((chip) => [chipKey(chip), chip]))
const kinds = (sample: NpuSample, known = knownOf(), before: ReturnType<typeof alertsOf> = []): string[] =>
  alertsOf(LOCAL_HOST, sample, known, before).map(({ kind, npu }) => `${kind} ${npu}`)

describe('alerts', () => {
  it('are none on a healthy host', () => {
    expect(kinds(sampleOf([chipOf(0), chipOf(1)]), knownOf(chipOf(0), chipOf(1)))).toEqual([])
  })

  it('tell of heat, and end only well below the limit', () => {
    const hot = alertsOf(LOCAL_HOST, sampleOf([chipOf(4, { tempC: 86 })]), knownOf(), [])
    expect(hot).toMatchObject([{ kind: 'temperature', npu: 4, text: { en: 'NPU 4 has 86 °C: look at the cooling.' } }])
    expect(kinds(sampleOf([chipOf(4, { tempC: 83 })]), knownOf(), hot)).toEqual(['temperature 4'])
    expect(kinds(sampleOf([chipOf(4, { tempC: 83 })]), knownOf(), [])).toEqual([])
    expect(kinds(sampleOf([chipOf(4, { tempC: 81 })]), knownOf(), hot)).toEqual([])
  })

  it('keep their id and the time since when', () => {
    const first = alertsOf(LOCAL_HOST, sampleOf([chipOf(4, { health: 'Alarm' })], 1000), knownOf(), [])
    const second = alertsOf(LOCAL_HOST, sampleOf([chipOf(4, { health: 'Critical' })], 2000), knownOf(), first)
    expect(second).toMatchObject([{ kind: 'health', since: 1000, id: first[0]?.id }])
    expect(second[0]?.text.en).toContain('Critical')
  })

  it('tell of memory errors that could not be corrected, not of those that were', () => {
    const withEcc = (doubleBit: number, npu = 4) => ({
      ...sampleOf([chipOf(4)]),
      ecc: { at: 1, chips: [{ npu, chip: 0, singleBit: 12, doubleBit, isolatedPages: 0 }] },
    })
    expect(kinds(withEcc(0))).toEqual([])
    expect(kinds(withEcc(2))).toEqual(['ecc 4'])
    expect(alertsOf(LOCAL_HOST, withEcc(2), knownOf(), [])[0]?.text.en).toContain('NPU 4 has 2 memory errors')
    // After the card was reset, or is not there any more.
    const before = alertsOf(LOCAL_HOST, withEcc(2), knownOf(), [])
    expect(kinds(withEcc(0), knownOf(), before)).toEqual([])
    expect(kinds(withEcc(2, 5))).toEqual([])
  })

  it.each(['OK', 'ok'])('take %s for healthy', (health) => {
    expect(kinds(sampleOf([chipOf(0, { health })]))).toEqual([])
  })

  it.each(['Warning', 'Alarm', 'Critical', 'UNKNOWN', ''])('take %s for ill, until it is over', (health) => {
    const before = alertsOf(LOCAL_HOST, sampleOf([chipOf(0, { health })]), knownOf(), [])
    expect(before.map(({ kind }) => kind)).toEqual(['health'])
    expect(kinds(sampleOf([chipOf(0)]), knownOf(), before)).toEqual([])
  })

  it('know no temperature of a chip that does not tell', () => {
    expect(kinds(sampleOf([chipOf(0, { tempC: null })]))).toEqual([])
    expect(kinds(sampleOf([chipOf(0, { tempC: 84 })]))).toEqual([])
    expect(kinds(sampleOf([chipOf(0, { tempC: 85 })]))).toEqual(['temperature 0'])
  })

  it('end when a chip that vanished is back', () => {
    const known = knownOf(chipOf(0), chipOf(1))
    const before = alertsOf(LOCAL_HOST, sampleOf([chipOf(0)]), known, [])
    expect(before.map(({ kind }) => kind)).toEqual(['vanished'])
    expect(kinds(sampleOf([chipOf(0), chipOf(1)]), known, before)).toEqual([])
  })

  it('tell of a chip that vanished, but not from a damaged table', () => {
    const known = knownOf(chipOf(0), chipOf(1), chipOf(1, { chip: 1 }))
    const sample = sampleOf([chipOf(0), chipOf(1)])
    expect(alertsOf(LOCAL_HOST, sample, known, []).map(({ kind, npu, chip }) => [kind, npu, chip])).toEqual([
      ['vanished', 1, 1],
    ])
    const damaged = { ...sample, table: sample.table && { ...sample.table, damaged: true } }
    expect(kinds(damaged, known)).toEqual([])
  })

  it('tell of a tool that fails on a host that had NPUs, not of a host without any', () => {
    const text = { en: 'cannot start', 'zh-CN': '无法启动' }
    const failed: NpuSample = { ...sampleOf([]), table: null, problem: { code: 'DCMI_INIT_FAILED', text, raw: '' } }
    expect(kinds(failed, knownOf(chipOf(0)))).toEqual(['tool null'])
    expect(kinds(failed)).toEqual([])
  })
})
