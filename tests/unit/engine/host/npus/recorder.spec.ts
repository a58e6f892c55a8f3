import { describe, expect, it, vi } from 'vitest'
import { record, type RecorderOptions } from '../../../../../engine/host/npus/records/recorder.ts'
import type { NpuSample } from '../../../../../engine/protocol/npus.ts'
import { chipOf, sampleOf } from '../../../main/monitor/samples.ts'

const setUp = (over: Partial<RecorderOptions> = {}) => {
  const append = vi.fn<RecorderOptions['log']['append']>(() => 1)
  const onTrouble = vi.fn()
  const sample = vi.fn(async (): Promise<NpuSample> => sampleOf([chipOf(4, { hbmTotalMB: null, hbmUsedMB: null })], 7))
  const abort = new AbortController()
  const options = {
    log: { append },
    sample,
    periodMs: 1,
    isWanted: () => true,
    onTrouble,
    signal: abort.signal,
    ...over,
  }
  return { append, onTrouble, sample, abort, options }
}
/** True as often as asked for, counting two looks a sample. */
const times = (samples: number) => {
  let looks = 2 * samples
  return () => looks-- > 0
}

describe('the recorder', () => {
  it('writes what each chip did, one record a sample, until it is not wanted any more', async () => {
    const { append, options } = setUp({ isWanted: times(3) })
    expect(await record(options)).toBe(3)
    expect(append.mock.calls[0]?.[0]).toEqual({
      at: 7,
      chips: [{ npu: 4, chip: 0, busyPct: 40, usedMB: 0, totalMB: 0, tempC: 50, powerW: 100 }],
    })
  })

  it('says why there was no table', async () => {
    const problem = { code: 'DCMI_INIT_FAILED', text: { en: '', 'zh-CN': '' }, raw: '' }
    const sample = async () => ({ ...sampleOf([], 7), table: null, problem })
    const { append, options } = setUp({ isWanted: times(1), sample })
    await record(options)
    expect(append).toHaveBeenCalledWith({ at: 7, chips: [], problem: 'DCMI_INIT_FAILED' })
  })

  it('goes on after a record could not be written, and tells once', async () => {
    const { append, onTrouble, options } = setUp({ isWanted: times(4) })
    const full = new Error('ENOSPC')
    append.mockImplementationOnce(() => 1)
    for (let tries = 0; tries < 2; tries++)
      append.mockImplementationOnce(() => {
        throw full
      })
    expect(await record(options)).toBe(2)
    expect(onTrouble.mock.calls).toEqual([[full], [null]])
  })

  it('does not write once its folder has been taken away while it sampled', async () => {
    const { append, options } = setUp({ isWanted: vi.fn(() => false).mockReturnValueOnce(true) })
    expect(await record(options)).toBe(0)
    expect(append).not.toHaveBeenCalled()
  })

  it('ends at once when it is stopped', async () => {
    const { abort, append, options } = setUp({ periodMs: 3_600_000 })
    append.mockImplementationOnce(() => {
      abort.abort()
      return 1
    })
    await expect(record(options)).rejects.toMatchObject({ code: 'cancelled' })
  })
})
