import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convertCheckpoint } from '#engine/checkpoint/tasks.ts'
import { openCheckpoint } from '#engine/checkpoint/open.ts'
import type { ChatEvent, ChatParameters } from '#engine/protocol/chat.ts'
import { taskSpecs, type TaskSpec } from '#engine/protocol/tasks.ts'
import { generateChat } from '#engine/reference/chat.ts'
import {
  createSampleCheckpoint,
  generateReference,
  perplexityReference,
  trainReference,
} from '#engine/reference/tasks.ts'
import { preprocessDataset } from '#engine/dataset/tasks.ts'
import type { TaskContext } from '#engine/tasks/context.ts'

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url))

/** Records what a task reports; `stopAfter` aborts it after so many metrics. */
class Recorder implements TaskContext {
  readonly lines: string[] = []
  readonly metrics: { step: number; values: Record<string, number> }[] = []
  readonly artifacts: unknown[] = []
  readonly #controller = new AbortController()
  readonly #stopAfter: number

  constructor(stopAfter = Infinity) {
    this.#stopAfter = stopAfter
  }
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  log(line: string): void {
    this.lines.push(line)
  }
  progress(): void {
    // Not looked at here.
  }
  metric(step: number, values: Record<string, number>): void {
    this.metrics.push({ step, values })
    if (this.metrics.length >= this.#stopAfter) this.#controller.abort()
  }
  artifact(artifact: unknown): void {
    this.artifacts.push(artifact)
  }
}

const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** Every tensor of a checkpoint, whatever its layout. */
async function tensorsOf(path: string): Promise<Map<string, Float32Array>> {
  await using checkpoint = await openCheckpoint(path)
  const tensors = new Map<string, Float32Array>()
  for (const name of checkpoint.tensors.keys()) tensors.set(name, (await checkpoint.readFloat32(name)).slice())
  return tensors
}

let folder: string
const inside = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'awb-reference-'))
  const definition = JSON.parse(await readFile(join(sample, 'model.json'), 'utf8'))
  const shape = { ...definition.shape, layers: 2, hidden: 32, ffn: 48, heads: 4, kvGroups: 2, headDim: 8 }
  await mkdir(inside('definition'))
  await cp(join(sample, 'tokenizer'), inside('definition/tokenizer'), { recursive: true })
  await writeFile(inside('definition/model.json'), JSON.stringify({ ...definition, shape }))
  const rows = JSON.parse(await readFile(join(sample, 'dataset', 'alpaca-sample.json'), 'utf8'))
  await writeFile(inside('rows.json'), JSON.stringify(rows.slice(0, 24)))
  await createSampleCheckpoint({ definition: inside('definition'), output: inside('hf') }, new Recorder())
  const spec = { input: inside('rows.json'), outputPrefix: inside('data/rows'), handler: 'alpaca', template: 'llama2' }
  await preprocessDataset(taskSpecs['dataset.preprocess'].parse({ ...spec, tokenizer: inside('hf') }), new Recorder())
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const training = (overrides: Record<string, unknown>): TaskSpec<'reference.train'> =>
  taskSpecs['reference.train'].parse({
    checkpoint: inside('hf'),
    dataset: inside('data/rows'),
    method: 'full',
    steps: 12,
    batchSize: 6,
    seqLength: 64,
    learningRate: 0.01,
    warmupSteps: 2,
    weightDecay: 0.01,
    saveInterval: 5,
    ...overrides,
  })

const lora = { rank: 4, alpha: 8, targets: ['q', 'v', 'down'] }

describe('a sample checkpoint', () => {
  it('has the same bytes each time, and the tokenizer beside it', async () => {
    await createSampleCheckpoint({ definition: inside('definition'), output: inside('hf-again') }, new Recorder())
    const names = (await readdir(inside('hf'))).filter((name) => name !== 'awb-passport.json')
    expect(names).toContain('tokenizer.json')
    for (const name of names)
      expect(await hashOf(inside(`hf-again/${name}`)), name).toBe(await hashOf(inside(`hf/${name}`)))
  })

  it('is refused where the tokenizer is larger than the vocabulary, and leaves nothing', async () => {
    const definition = JSON.parse(await readFile(inside('definition/model.json'), 'utf8'))
    await cp(inside('definition'), inside('small'), { recursive: true })
    definition.shape.vocab = 1000
    await writeFile(inside('small/model.json'), JSON.stringify(definition))
    const creating = createSampleCheckpoint({ definition: inside('small'), output: inside('none') }, new Recorder())
    await expect(creating).rejects.toMatchObject({
      code: 'train.tokenizerTooLarge',
      params: { tokens: 1024, vocab: 1000 },
    })
    expect(await readdir(folder)).not.toContain('none')
  })
})

describe('training', () => {
  it('lowers the loss and reports every step', async () => {
    const context = new Recorder()
    const result = await trainReference(training({ output: inside('trained'), steps: 40 }), context)
    expect(context.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(result).toMatchObject({ steps: 40, firstLoss: context.metrics[0]?.values['loss'] })
    expect(result['finalLoss']).toBeLessThan(0.7 * Number(result['firstLoss']))
    expect(context.lines.filter((line) => line.includes(' iteration '))).toHaveLength(40)
    expect(context.artifacts).toMatchObject([{ kind: 'checkpoint', passport: { layout: 'hf', dtype: 'bf16' } }])
    expect(await readdir(folder)).not.toContain('trained.awb-resume')
  })

  it.each([
    ['full', undefined],
    ['lora', lora],
  ])('stopped and started again gives the same bits as without a stop: %s', async (method, settings) => {
    const spec = { method, lora: settings }
    const whole = new Recorder()
    await trainReference(training({ ...spec, output: inside(`${method}-whole`) }), whole)
    const output = inside(`${method}-parts`)
    const stopped = new Recorder(3)
    await expect(trainReference(training({ ...spec, output }), stopped)).rejects.toMatchObject({ code: 'cancelled' })
    // A kill leaves only what the interval saved: the third start begins at step 5.
    const killed = new Recorder()
    killed.metric = (step, values) => {
      killed.metrics.push({ step, values })
      if (step === 7) throw new Error('killed')
    }
    await expect(trainReference(training({ ...spec, output }), killed)).rejects.toThrow('killed')
    const last = new Recorder()
    await trainReference(training({ ...spec, output }), last)
    expect(killed.metrics[0]?.step).toBe(4)
    expect(last.metrics[0]?.step).toBe(6)
    const losses = (...recorders: Recorder[]): unknown[] =>
      recorders.flatMap(({ metrics }) => metrics.map(({ step, values }) => [step, values['loss'], values['gradNorm']]))
    const reported = new Map(losses(stopped, killed, last).map((entry) => [(entry as [number])[0], entry]))
    expect([...reported.values()]).toEqual(losses(whole))
    expect(await tensorsOf(output)).toEqual(await tensorsOf(inside(`${method}-whole`)))
    expect(await readdir(folder)).not.toContain(`${method}-parts.awb-resume`)
  })

  it('stopped in its last step has only the writing left', async () => {
    const spec = training({ method: 'lora', lora, output: inside('late') })
    await expect(trainReference(spec, new Recorder(12))).rejects.toMatchObject({ code: 'cancelled' })
    const context = new Recorder()
    await trainReference(spec, context)
    expect(context.metrics).toEqual([])
    expect(await tensorsOf(inside('late'))).toEqual(await tensorsOf(inside('lora-whole')))
  })

  it('says when it diverges, and keeps nothing', async () => {
    const spec = training({ output: inside('diverged'), learningRate: 1e30, clipGrad: 0, warmupSteps: 0 })
    await expect(trainReference(spec, new Recorder())).rejects.toMatchObject({ code: 'train.diverged' })
    expect((await readdir(folder)).filter((name) => name.includes('diverged'))).toEqual([])
  })

  it('starts anew when the resume point belongs to other settings', async () => {
    const output = inside('other')
    await expect(trainReference(training({ output }), new Recorder(6))).rejects.toMatchObject({ code: 'cancelled' })
    const context = new Recorder()
    await trainReference(training({ output, seed: 5, steps: 2 }), context)
    expect(context.metrics.map(({ step }) => step)).toEqual([1, 2])
    expect(context.lines[0]).toContain('starting anew')
  })

  it('changes only what LoRA aims at', async () => {
    await trainReference(training({ output: inside('lora'), method: 'lora', lora }), new Recorder())
    const [before, after] = [await tensorsOf(inside('hf')), await tensorsOf(inside('lora'))]
    for (const [name, tensor] of before) {
      const isTarget = /\.(q|v|down)$/.test(name)
      expect(Buffer.from(after.get(name)!.buffer).equals(Buffer.from(tensor.buffer)), name).toBe(!isTarget)
    }
  })

  it('of a Megatron checkpoint gives one with the same TP and PP, and the same numbers', async () => {
    const target = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 3 } as const
    await convertCheckpoint({ input: inside('hf'), output: inside('mcore'), target }, new Recorder())
    await trainReference(training({ output: inside('from-hf') }), new Recorder())
    await trainReference(training({ checkpoint: inside('mcore'), output: inside('from-mcore') }), new Recorder())
    expect(await tensorsOf(inside('from-mcore'))).toEqual(await tensorsOf(inside('from-hf')))
    await using source = await openCheckpoint(inside('mcore'))
    await using result = await openCheckpoint(inside('from-mcore'))
    expect(result.summary).toMatchObject({ layout: 'mcore', tp: 2, pp: 2, tokenizer: source.summary.tokenizer && {} })
    expect(result.stored.map(({ name, shape }) => [name, shape])).toEqual(
      source.stored.map(({ name, shape }) => [name, shape]),
    )
  })

  it.each([
    [{ seqLength: 600 }, 'train.sequenceTooLong'],
    [{ seqLength: 4 }, 'train.noTargets'],
    [{ method: 'lora' }, 'input.invalid'],
    [{ dataset: '/nowhere/rows' }, 'file.missing'],
    [{ checkpoint: '/nowhere/model' }, 'file.missing'],
  ])('refuses %o', async (overrides, code) => {
    const spec = training({ output: inside('refused'), ...overrides })
    await expect(trainReference(spec, new Recorder())).rejects.toMatchObject({ code })
    expect((await readdir(folder)).filter((name) => name.includes('refused'))).toEqual([])
  })

  it('refuses a dataset made with another tokenizer', async () => {
    await cp(inside('data'), inside('foreign'), { recursive: true })
    const file = inside('foreign/rows.awb-passport.json')
    const passport = JSON.parse(await readFile(file, 'utf8'))
    passport.tokenizer.hash = 'f'.repeat(64)
    await writeFile(file, JSON.stringify(passport))
    const spec = training({ output: inside('refused'), dataset: inside('foreign/rows') })
    await expect(trainReference(spec, new Recorder())).rejects.toMatchObject({ code: 'train.tokenizerDiffers' })
    passport.tokenizer.vocab = 5000
    await writeFile(file, JSON.stringify(passport))
    await expect(trainReference(spec, new Recorder())).rejects.toMatchObject({ code: 'train.vocabularyTooSmall' })
  })

  it('refuses an output that exists before it reads anything', async () => {
    const spec = training({ output: inside('hf'), checkpoint: '/nowhere/model' })
    await expect(trainReference(spec, new Recorder())).rejects.toMatchObject({ code: 'file.exists' })
  })
})

describe('a trained checkpoint', () => {
  it('has the perplexity of its loss', async () => {
    const result = await perplexityReference(
      { checkpoint: inside('trained'), dataset: inside('data/rows'), limit: 100 },
      new Recorder(),
    )
    expect(result['samples']).toBe(24)
    expect(Math.log(Number(result['perplexity']))).toBeCloseTo(Number(result['loss']), 9)
    expect(Number(result['loss'])).toBeLessThan(6)
  })

  it('answers prompts, and the same with the same seed', async () => {
    const spec = taskSpecs['reference.generate'].parse({
      checkpoint: inside('trained'),
      template: 'llama2',
      prompts: ['What is CANN?', 'NPU 是什么？'],
      maxNewTokens: 12,
      temperature: 0.8,
      topK: 20,
      topP: 0.9,
    })
    const context = new Recorder()
    const first = await generateReference(spec, context)
    expect(await generateReference(spec, new Recorder())).toEqual(first)
    expect(context.lines[0]).toBe('> What is CANN?')
  })
})

describe('chat', () => {
  const parameters: ChatParameters = {
    template: 'llama2',
    maxNewTokens: 10,
    temperature: 0,
    topK: 0,
    topP: 1,
    stopWords: [],
  }
  const ask = async (overrides: Partial<ChatParameters>, checkpoint = inside('trained')): Promise<ChatEvent[]> => {
    const events: ChatEvent[] = []
    const input = { checkpoint, messages: [{ role: 'user' as const, content: 'What is CANN?' }] }
    await generateChat(
      { ...input, parameters: { ...parameters, ...overrides } },
      async (event) => void events.push(event),
      new AbortController().signal,
    )
    return events
  }
  const textOf = (events: ChatEvent[]): string =>
    events.map((event) => (event.kind === 'text' ? event.text : '')).join('')

  it('loads the model once, then streams what generate answers', async () => {
    const first = await ask({})
    expect(first.map(({ kind }) => kind).slice(0, 2)).toEqual(['loading', 'prompt'])
    expect(first.at(-1)?.kind).toBe('done')
    const second = await ask({})
    expect(second[0]?.kind).toBe('prompt')
    expect(textOf(second)).toBe(textOf(first))
    const spec = { checkpoint: inside('trained'), template: 'llama2', prompts: ['What is CANN?'], maxNewTokens: 10 }
    const generated = await generateReference(
      taskSpecs['reference.generate'].parse({ ...spec, temperature: 0, topK: 0, topP: 1 }),
      new Recorder(),
    )
    expect(generated).toMatchObject({ answers: [{ answer: textOf(first) }] })
  })

  it('ends at a stop word, and at the length', async () => {
    const text = textOf(await ask({}))
    const word = text.slice(2, 4)
    const stopped = await ask({ stopWords: [word] })
    expect(textOf(stopped)).toBe(text.slice(0, text.indexOf(word)))
    expect(stopped.at(-1)).toMatchObject({ kind: 'done', reason: 'stop-word' })
    expect((await ask({ maxNewTokens: 1 })).at(-1)).toMatchObject({ reason: 'length', tokens: 1 })
  })

  it('stops when the reader goes away', async () => {
    const controller = new AbortController()
    const events: ChatEvent[] = []
    await generateChat(
      {
        checkpoint: inside('trained'),
        messages: [{ role: 'user', content: 'What is CANN?' }],
        parameters: { ...parameters, maxNewTokens: 400, temperature: 2 },
      },
      async (event) => {
        events.push(event)
        if (event.kind === 'text') controller.abort()
      },
      controller.signal,
    )
    expect(events.filter(({ kind }) => kind === 'text')).toHaveLength(1)
    expect(events.some(({ kind }) => kind === 'done')).toBe(false)
  })

  it('fails with a code and goes on answering', async () => {
    await expect(ask({}, '/nowhere')).rejects.toMatchObject({ code: 'file.missing' })
    await cp(inside('trained'), inside('bare'), { recursive: true })
    for (const name of ['tokenizer.json', 'tokenizer.model']) await rm(inside(`bare/${name}`), { force: true })
    await expect(ask({}, inside('bare'))).rejects.toMatchObject({ code: 'chat.tokenizerMissing' })
    expect((await ask({})).at(-1)?.kind).toBe('done')
  })
})
