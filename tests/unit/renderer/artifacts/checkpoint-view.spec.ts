import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ArtifactView } from '#contract/index.ts'
import { AppError, ArtifactId, LOCAL_HOST } from '#engine/protocol/index.ts'
import CheckpointView from '@/features/artifacts/checkpoint/CheckpointView.vue'
import { measure } from '@/features/artifacts/checkpoint/measure.ts'
import { type Mounted, mounted } from '../mounted.ts'

const id = ArtifactId.parse('artifact-1')
const artifact: ArtifactView = {
  id,
  host: LOCAL_HOST,
  kind: 'checkpoint',
  path: '/models/foreign',
  name: 'foreign',
  passport: null,
  run: null,
  parents: [],
  createdAt: 1_700_000_000_000,
  exists: true,
}
const tensor = (name: string, bytes = 12) => ({
  name,
  shape: [2, 3],
  dtype: 'bf16',
  bytes,
  file: 'model.safetensors',
  offset: 4096,
})
const problem = (level: 'error' | 'warning', text: string) => ({ level, code: 'x', text: { en: text, 'zh-CN': text } })
const inspected = (change: object = {}) => ({
  path: '/models/foreign',
  layout: 'hf' as const,
  tp: 1,
  pp: 1,
  vpp: 1,
  dtype: 'bf16' as const,
  model: {
    family: 'llama2',
    layers: 2,
    hidden: 8,
    ffn: 16,
    heads: 2,
    kvGroups: 2,
    headDim: 4,
    vocab: 32,
    maxPositions: 64,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedEmbeddings: false,
    qkvBias: false,
  },
  tensorCount: 3,
  totalBytes: 36,
  tokenizer: null,
  passport: null,
  problems: [],
  tensors: [tensor('norm.weight'), tensor('head.weight', 2 ** 30), tensor('embedding.weight')],
  ...change,
})
const statistics = {
  elements: 6,
  nan: 2,
  positiveInfinity: 0,
  negativeInfinity: 0,
  zeros: 1,
  min: -0.5,
  max: 0.25,
  mean: 1.5e-7,
  deviation: 0.1,
  histogram: [
    { from: -0.5, to: -0.125, count: 1 },
    { from: -0.125, to: 0.25, count: 3 },
  ],
}

/** Longer than a busy machine takes. */
const soon = <T>(look: () => T): Promise<T> => vi.waitFor(look, 10_000)

describe('the page of a checkpoint', () => {
  let shown: Mounted
  afterEach(() => shown[Symbol.dispose]())
  const asked: { name: string; file: string }[] = []
  const open = (change: object = {}, answer: () => typeof statistics = () => statistics) => {
    asked.length = 0
    shown = mounted(
      CheckpointView,
      { id },
      { artifacts: [artifact] },
      {
        artifacts: {
          inspectCheckpoint: () => inspected(change),
          tensorStatistics: ({ name, file }) => {
            asked.push({ name, file })
            return answer()
          },
        },
      },
    )
    return soon(() => shown.by('tensor-tree'))
  }
  const treeKeys = async (...keys: string[]) => {
    for (const key of keys) await shown.by('tensor-tree').trigger('keydown', { key })
  }

  it('chooses a tensor by keyboard and shows what its values are like', async () => {
    const tree = await open()
    expect(tree.attributes('role')).toBe('tree')
    await treeKeys('End', 'Enter')
    await soon(() => shown.by('value-histogram'))
    expect(asked).toEqual([{ name: 'norm.weight', file: 'model.safetensors' }])
    const pane = shown.by('tensor-pane').text()
    for (const part of ['norm.weight', '2 × 3', '4\u202f096 B', '-0.5', '0.25', '1.5e-7']) expect(pane).toContain(part)
    expect(
      shown
        .by('tensor-strange')
        .findAll('.bad')
        .map((item) => item.text()),
    ).toEqual(['NaN2 (33.33 %)'])
    expect(shown.view.get('[aria-selected="true"]').attributes('data-tensor')).toBe('norm.weight')
  })

  it('reads a large tensor only when it is asked to', async () => {
    await open()
    await shown.view.get('[data-tensor="head.weight"]').trigger('click')
    expect(asked).toEqual([])
    await shown.by('tensor-measure').trigger('click')
    await soon(() => shown.by('value-histogram'))
    expect(asked).toHaveLength(1)
  })

  it('says why values could not be read, and tries again', async () => {
    let tries = 0
    await open({}, () => {
      if (tries++ === 0) throw new AppError('file.denied', { path: '/models/foreign/model.safetensors' })
      return statistics
    })
    await shown.view.get('[data-tensor="norm.weight"]').trigger('click')
    await soon(() => shown.by('tensor-pane').get('[role="alert"]'))
    await shown.by('tensor-pane').get('[role="alert"] button').trigger('click')
    await soon(() => shown.by('value-histogram'))
  })

  it('lists errors before warnings, and folds many', async () => {
    const problems = [
      problem('warning', 'careful'),
      ...Array.from({ length: 20 }, (_, at) => problem('error', `bad ${at}`)),
    ]
    await open({ problems })
    const lines = () =>
      shown
        .by('checkpoint-problems')
        .findAll('li')
        .map((item) => item.text())
    expect(lines()).toEqual(['bad 0', 'bad 1', 'bad 2', 'bad 3'])
    await shown.by('checkpoint-problems').get('button').trigger('click')
    expect(lines()).toHaveLength(21)
    expect(lines().at(-1)).toBe('careful')
  })

  it('filters by words of name, shape, type and file', async () => {
    await open()
    const input = shown.by('tensor-filter').get('input')
    const names = () => shown.view.findAll('[data-tensor]').map((row) => row.attributes('data-tensor'))
    await input.setValue('2x3 EMB')
    expect(names()).toEqual(['embedding.weight'])
    await input.setValue('fp32')
    expect(names()).toEqual([])
    await input.setValue('safetensors bf16')
    expect(names()).toHaveLength(3)
  })

  it('says what is wrong with a checkpoint that cannot be read', async () => {
    shown = mounted(
      CheckpointView,
      { id },
      { artifacts: [artifact] },
      {
        artifacts: {
          inspectCheckpoint: () => {
            throw new AppError('checkpoint.truncated', { file: 'model.safetensors', needed: 10, actual: 5 })
          },
        },
      },
    )
    const alert = await soon(() => shown.view.get('[role="alert"]'))
    expect(alert.text()).toContain('is cut short: 10 bytes are expected, 5 are there')
  })
})

describe('measure', () => {
  it.each([
    [0, '0'],
    [-0.123456, '-0.1235'],
    [1.23456e-7, '1.235e-7'],
    [65504, '65500'],
    [1.5e9, '1.5e+9'],
  ])('writes %d as %s', (value, text) => expect(measure(value)).toBe(text))
})
