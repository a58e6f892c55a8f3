import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RunView, StepView } from '#contract/index.ts'
import { AppError, HostId, LOCAL_HOST, RunId } from '#engine/protocol/index.ts'
import RunPage from '@/features/runs/RunView.vue'
import { pendingQuestion } from '@/shell/confirm.ts'
import { useTabs } from '@/shell/tabs.ts'
import { fakeRun } from '../../../fixtures/fake-workbench.ts'
import { type Mounted, mounted } from '../mounted.ts'

const words = (en: string) => ({ en, 'zh-CN': en })
const id = RunId.parse('run-1')
const step = (change: Partial<StepView>): StepView => ({
  id: 'train',
  title: words('Train'),
  kind: 'task',
  state: 'running',
  startedAt: 1_700_000_000_000,
  outputBytes: 0,
  ...change,
})
/** A fixed list of runs, for tests that say themselves what is done with them. */
const watching = (runs: RunView[]) => ({
  watch: () => ({ snapshot: () => runs, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }),
  metrics: () => [],
  output: () => Promise.resolve(),
})
const base64 = (text: string) => btoa(text)

describe('the page of a run', () => {
  let shown: Mounted
  afterEach(() => shown[Symbol.dispose]())

  it('reads the output on from where it was when the connection is lost', async () => {
    const froms: number[] = []
    const text = 'one\ntwo\nthree\n'
    shown = mounted(
      RunPage,
      { id },
      { runs: [fakeRun(1, { steps: [step({})] })] },
      {
        runs: {
          watch: () => ({
            snapshot: () => [fakeRun(1, { steps: [step({})] })],
            subscribe: () => ({ [Symbol.dispose]: () => undefined }),
          }),
          metrics: () => [],
          journal: async () => undefined,
          output: async ({ from }, sink, { signal }) => {
            froms.push(from)
            if (from === 0) {
              await sink.push({ offset: 0, data: base64(text.slice(0, 6)) })
              await new Promise((resolve) => signal.addEventListener('abort', resolve))
            } else await sink.push({ offset: from, data: base64(text.slice(from)) })
          },
        },
      },
    )
    const lines = () => shown.by('run-output').attributes('data-lines')
    await vi.waitFor(() => expect(lines()).toBe('2'), 5000)
    shown.fake.drop()
    await vi.waitFor(() => expect(lines()).toBe('3'), 5000)
    expect(froms).toEqual([0, 6])
  })

  it('tells why a step failed and what to do', async () => {
    const { code, params, message } = new AppError('file.full', { path: '/w' })
    const failed = step({ state: 'failed', exitCode: 1, error: { code, params, message } })
    const run = fakeRun(1, { state: 'failed', steps: [failed, step({ id: 'export', state: 'skipped' })] })
    shown = mounted(RunPage, { id }, { runs: [run] }, {})
    await vi.waitFor(() => expect(shown.by('run-error').text()).toContain('free some space'), 5000)
    expect(shown.by('run-step-export').attributes('data-state')).toBe('skipped')
    expect(shown.by('run-state').attributes('data-state')).toBe('failed')
  })

  it('restarts the host of a run that waits for it, after asking', async () => {
    const restarted: string[] = []
    const host = HostId.parse('npu-01')
    const request = { family: 'llama2', panel: 'driver', host, values: {} }
    const waiting = step({ state: 'restart', exitCode: 75 })
    const run = fakeRun(1, { state: 'restart', request, steps: [waiting, step({ id: 'verify', state: 'waiting' })] })
    const restartHost = ({ id: which }: { id: string }) => {
      restarted.push(which)
      return {}
    }
    shown = mounted(RunPage, { id }, { runs: [run] }, { runs: { ...watching([run]), restartHost } })
    await vi.waitFor(() => expect(shown.by('run-restart').text()).toContain('has to be restarted'), 5000)
    expect(shown.by('run-state').text()).toBe('restart needed')
    await shown.by('run-restart-host').trigger('click')
    expect(pendingQuestion.value?.text).toContain('reboot')
    expect(restarted).toEqual([])
    pendingQuestion.value?.answer(true)
    await vi.waitFor(() => expect(restarted).toEqual([id]), 5000)
  })

  it('does not restart this computer', async () => {
    const run = fakeRun(1, { state: 'restart', steps: [step({ state: 'restart', exitCode: 75 })] })
    shown = mounted(RunPage, { id }, { runs: [run] }, {})
    await vi.waitFor(() => expect(shown.by('run-restart').text()).toContain('Restart this computer'), 5000)
    expect(shown.view.find('[data-testid=run-restart-host]').exists()).toBe(false)
  })

  it('opens the panel that it was started from with its values', async () => {
    const request = { family: 'llama2', panel: 'convert', host: LOCAL_HOST, values: { tp: 2 } }
    shown = mounted(RunPage, { id }, { runs: [fakeRun(1, { state: 'succeeded', request, steps: [step({})] })] }, {})
    await vi.waitFor(() => expect(shown.view.find('[data-testid=run-more]').exists()).toBe(true), 5000)
    await shown.by('run-more').get('button').trigger('click')
    await shown.by('run-edit').trigger('click')
    expect(useTabs().active).toMatchObject({
      id: 'family:llama2',
      props: { family: 'llama2', panel: 'convert', values: { tp: 2 } },
    })
  })

  it('draws the metrics of a step that has ended', async () => {
    const run = fakeRun(1, { state: 'succeeded', steps: [step({ state: 'succeeded' })] })
    shown = mounted(
      RunPage,
      { id },
      {},
      {
        runs: {
          watch: () => ({ snapshot: () => [run], subscribe: () => ({ [Symbol.dispose]: () => undefined }) }),
          metrics: () => [1, 2, 3].map((at) => ({ step: at, values: { loss: 1 / at, learningRate: 1e-4 } })),
          output: async () => undefined,
        },
      },
    )
    await vi.waitFor(() => expect(shown.view.find('[data-testid=metric-loss]').exists()).toBe(true), 5000)
    expect(shown.by('metric-loss').text()).toContain('0.3333')
    expect(shown.by('metric-learningRate').text()).toContain('Learning rate')
  })
})
