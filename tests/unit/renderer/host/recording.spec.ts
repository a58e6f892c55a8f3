import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NpuRecordingStatus } from '#contract/index.ts'
import { AppError, toCodedError } from '#engine/protocol/index.ts'
import RecordingCard from '@/features/host/npus/RecordingCard.vue'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { mounted } from '../mounted.ts'

const off: NpuRecordingStatus = {
  isWanted: false,
  isRunning: false,
  periodS: 60,
  firstAt: null,
  lastAt: null,
  records: 0,
  bytes: 0,
  error: null,
}
const kept = { firstAt: 1_700_000_000_000, lastAt: 1_700_003_600_000, records: 61, bytes: 21_504 }

function card(status: NpuRecordingStatus, answer: (isOn: boolean) => NpuRecordingStatus = () => status) {
  const host = fakeHost()
  return mounted(
    RecordingCard,
    { host },
    { hosts: [host] },
    { npus: { recording: () => status, record: ({ isOn }) => answer(isOn) } },
  )
}
const isOn = (page: ReturnType<typeof card>) => page.by('recording-switch').attributes('aria-checked')

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval'] }))
afterEach(() => void vi.useRealTimers())

describe('the switch of the recording', () => {
  it('starts the job, and tells what is kept on the host', async () => {
    const asked: boolean[] = []
    using page = card(off, (wanted) => {
      asked.push(wanted)
      return { ...off, ...kept, isWanted: wanted, isRunning: wanted }
    })
    await vi.waitFor(() => expect(isOn(page)).toBe('false'))
    await page.by('recording-switch').trigger('click')
    await vi.waitFor(() => expect(isOn(page)).toBe('true'))
    expect(asked).toEqual([true])
    expect(page.by('recording-facts').text()).toContain('61 samples since')
    expect(page.by('recording-facts').text()).toContain('21 KiB on the host')
  })

  it('says that it does not run although it is wanted, and why', async () => {
    const error = toCodedError(new AppError('job.killed', { signal: 'SIGKILL' }))
    using page = card({ ...off, ...kept, isWanted: true, error })
    await vi.waitFor(() => expect(page.by('recording').text()).toContain('It is turned on but does not run.'))
    expect(page.by('recording').text()).toContain('SIGKILL')
  })
})
