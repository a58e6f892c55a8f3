/**
 * Every ordered pair of layouts, family by family: checkpoints that Python wrote by its own reading of the layouts are
 * converted, and what comes out is compared tensor by tensor, bit by bit. Debian's PyTorch and protoc are the oracle;
 * without them the tests are skipped.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinCheckpoint, splitCheckpoint } from '../../engine/checkpoint/slice-tasks.ts'
import { convertCheckpoint } from '../../engine/checkpoint/tasks.ts'
import type { Dtype } from '../../engine/protocol/passport.ts'
import type { TaskSpec } from '../../engine/protocol/tasks.ts'
import { recordingContext, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'

const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('checkpoint_matrix/matrix.py', import.meta.url))
const lacks = [
  ...(spawnSync(python, ['-c', 'import torch']).status === 0 ? [] : ['python3-torch']),
  ...(spawnSync('protoc', ['--version']).status === 0 ? [] : ['protobuf-compiler']),
]
if (lacks.length > 0) console.warn(`skipped: on Debian apt-get install ${lacks.join(' ')}`)

const ask = (input: unknown, ...args: string[]): string =>
  execFileSync(python, [script, ...args], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })

type Layout = 'hf' | 'mcore' | 'legacy' | 'mindspore' | 'ranks'
type Target = TaskSpec<'checkpoint.convert'>['target']
type Megatron = Extract<Target, { tp: number }>
/** Rows of the vocabulary that a source is padded to, where it is more than its own TP needs. */
type Source = Megatron & { readonly padded?: number }

const VOCAB = 102

/** Megatron checkpoints that Python writes. */
const megatronSources = {
  mcore_tp2_pp2_padded: { layout: 'mcore', tp: 2, pp: 2, padded: 112 },
  mcore_virtual: { layout: 'mcore', tp: 1, pp: 2, layersPerVirtualStage: 1 },
  mcore_uneven: { layout: 'mcore', tp: 2, pp: 3, layerList: [1, 2, 1] },
  legacy_tp2: { layout: 'legacy', tp: 2, pp: 1 },
  legacy_uneven: { layout: 'legacy', tp: 1, pp: 2, layerList: [3, 1] },
  legacy_virtual_padded: { layout: 'legacy', tp: 2, pp: 2, layersPerVirtualStage: 1, padded: 128 },
} as const satisfies Record<string, Source>

/** How MindSpore's devices share a model; `optimizer` cuts slices once more, among data parallel replicas. */
const spreads = {
  ranks_dp2_mp2: { dp: 2, mp: 2, pp: 1, optimizer: 2 },
  ranks_mp2_pp2: { dp: 1, mp: 2, pp: 2 },
} as const
type Spread = keyof typeof spreads

/** Megatron checkpoints that come out. TP 4 does not fit grouped heads; 102 rows are padded for it. */
const megatronTargets = (layout: 'mcore' | 'legacy', largestTp: number): Megatron[] => [
  { layout, tp: 1, pp: 1 },
  { layout, tp: largestTp, pp: 1 },
  { layout, tp: 2, pp: 2, vocabDivisor: 16 },
  { layout, tp: 1, pp: 4 },
  { layout, tp: 2, pp: 2, layersPerVirtualStage: 1 },
  { layout, tp: largestTp, pp: 3, layerList: [1, 1, 2] },
]

interface Family {
  readonly id: string
  readonly dtype: Dtype
  readonly largestTp: number
  readonly layouts: readonly Layout[]
}

const all: readonly Layout[] = ['hf', 'mcore', 'legacy', 'mindspore', 'ranks']
const families: readonly Family[] = [
  { id: 'llama2', dtype: 'fp16', largestTp: 4, layouts: all },
  { id: 'llama2-gqa', dtype: 'fp16', largestTp: 2, layouts: all },
  { id: 'qwen1.5', dtype: 'bf16', largestTp: 4, layouts: all },
  { id: 'qwen1.5-tied', dtype: 'fp32', largestTp: 4, layouts: all },
  { id: 'mistral', dtype: 'bf16', largestTp: 2, layouts: all },
  { id: 'telechat2', dtype: 'fp32', largestTp: 1, layouts: ['hf', 'mindspore', 'ranks'] },
]

interface Case {
  readonly id: string
  readonly family: Family
  readonly from: { readonly layout: Layout; readonly name: string }
  readonly target: Target | { readonly layout: 'ranks'; readonly spread: Spread }
  readonly dtype: Dtype | undefined
}

const sourcesOf = ({ layouts }: Family): Case['from'][] => [
  { layout: 'hf' as const, name: 'hf' },
  { layout: 'mindspore' as const, name: 'mindspore' },
  ...Object.keys(spreads).map((name) => ({ layout: 'ranks' as const, name })),
  ...Object.entries(megatronSources)
    .map(([name, { layout }]) => ({ layout, name }))
    .filter(({ layout }) => layouts.includes(layout)),
]

/** Each source into each layout; variants of a layout take turns, and every third conversion casts. */
function casesOf(family: Family): Case[] {
  const turns = new Map<Layout, number>()
  const next = <T>(layout: Layout, choices: readonly T[]): T => {
    const turn = turns.get(layout) ?? 0
    turns.set(layout, turn + 1)
    return choices[turn % choices.length] as T
  }
  const targetOf = (layout: Layout): Case['target'] => {
    if (layout === 'ranks') return { layout, spread: next(layout, Object.keys(spreads) as Spread[]) }
    if (layout === 'hf' || layout === 'mindspore') return { layout }
    return next(layout, megatronTargets(layout, family.largestTp))
  }
  const casts: (Dtype | undefined)[] = [undefined, undefined, family.dtype === 'fp32' ? 'bf16' : 'fp32']
  return sourcesOf(family).flatMap((from) =>
    family.layouts.map((layout, index) => {
      const target = targetOf(layout)
      // Spreading and joining move bytes as they are; the same dtype into the same layout would be a copy.
      const dtype =
        layout === 'ranks' ? undefined : layout === from.layout ? casts[2] : casts[(index + from.name.length) % 3]
      const { layout: _, ...settings } = target
      const words = [
        ...Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`),
        dtype ?? 'same dtype',
      ]
      return { id: `${family.id}: ${from.name} to ${layout} (${words.join(', ')})`, family, from, target, dtype }
    }),
  )
}

/** Padding that a Megatron target has: that of a Megatron source goes along where TP divides it. */
function paddedRows({ from }: Case, { tp, vocabDivisor }: Megatron): number {
  const source: Source | undefined = Object.entries(megatronSources).find(([name]) => name === from.name)?.[1]
  const stored = source === undefined ? VOCAB : (source.padded ?? Math.ceil(VOCAB / source.tp) * source.tp)
  if (vocabDivisor === undefined && stored % tp === 0) return stored
  const step = tp * (vocabDivisor ?? 1)
  return Math.ceil(VOCAB / step) * step
}

const slices = { prefix: 'checkpoint_', weightsOnly: false }

/** Runs what people run: ranks are opened by their strategy, or joined; where ranks go out, splitting comes last. */
async function convert({ family, from, target, dtype }: Case, root: string, output: string): Promise<void> {
  const context = recordingContext()
  const at = (name: string): string => join(root, family.id, name)
  const input = at(from.name)
  const given = from.layout === 'ranks' ? { strategy: at(`${from.name}-strategy`) } : {}
  if (target.layout !== 'ranks') {
    const isJoined = given.strategy !== undefined && target.layout === 'mindspore' && dtype === undefined
    if (isJoined) await joinCheckpoint({ ...slices, input, output, strategy: given.strategy }, context)
    else await convertCheckpoint({ input, output, target, dtype, ...given }, context)
    return
  }
  const strategy = at(`${target.spread}-strategy`)
  if (given.strategy !== undefined) {
    await splitCheckpoint({ ...slices, input, output, strategy, sourceStrategy: given.strategy }, context)
    return
  }
  const whole = from.layout === 'mindspore' ? input : `${output}-whole`
  if (whole !== input) {
    await convertCheckpoint({ input, output: whole, target: { layout: 'mindspore' } }, context)
  }
  await splitCheckpoint({ ...slices, input: whole, output, strategy }, context)
}

const question = (one: Case, path: string): object => {
  const { id, family, target, dtype } = one
  const settings =
    target.layout === 'ranks'
      ? spreads[target.spread]
      : 'tp' in target
        ? { ...target, padded: paddedRows(one, target) }
        : undefined
  return { id, family: family.id, path, kind: target.layout, settings, dtype }
}

describe.skipIf(lacks.length > 0)('the checkpoint matrix', () => {
  const cases = families.flatMap(casesOf)
  const folder = temporaryFolder()
  const failures = new Map<string, unknown>()
  let verdicts: Record<string, string[]> = {}
  beforeAll(async () => {
    ask({ families: families.map(({ id }) => id), megatron: megatronSources, spreads }, 'make', folder.path)
    const questions: object[] = []
    const waiting = [...cases.entries()]
    // Several at a time: most of the time goes into waiting for the disk to be sure.
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, one] = next
        const output = join(folder.path, `out-${index}`)
        try {
          await convert(one, folder.path, output)
          questions.push(question(one, output))
        } catch (error) {
          failures.set(one.id, error)
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, worker))
    const at = (name: string): string => join(folder.path, 'llama2', name)
    const uneven = { ...megatronSources.legacy_uneven, layerList: [1, 3] }
    questions.push(
      { id: 'wrong dtype', family: 'llama2', path: at('hf'), kind: 'hf', dtype: 'bf16' },
      { id: 'wrong stages', family: 'llama2', path: at('legacy_uneven'), kind: 'legacy', settings: uneven },
      { id: 'wrong model', family: 'qwen1.5', path: at('mindspore'), kind: 'mindspore' },
    )
    verdicts = JSON.parse(ask(questions, 'check')) as typeof verdicts
  }, 600_000)
  afterAll(() => folder[Symbol.dispose]())

  it.each(cases.map(({ id }) => id))('%s', (id) => {
    expect(failures.get(id)).toBeUndefined()
    expect(verdicts[id]).toEqual([])
  })

  it.each(['wrong dtype', 'wrong stages', 'wrong model'])('would notice a %s', (id) => {
    expect(verdicts[id]).not.toEqual([])
  })

  it('holds every pair of layouts of every family', () => {
    for (const { id, layouts } of families) {
      const pairs = new Set(
        cases.filter(({ family }) => family.id === id).map(({ from, target }) => `${from.layout} ${target.layout}`),
      )
      expect(pairs.size).toBe(layouts.length ** 2)
    }
  })
})
