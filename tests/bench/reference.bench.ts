/** The reference runtime: the kernel's matrix products, training and generation on the sample. `npm run bench -- reference` */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { preprocessDataset } from '../../engine/dataset/tasks.ts'
import { taskSpecs } from '../../engine/protocol/tasks.ts'
import { Decoder } from '../../engine/reference/generation/decoder.ts'
import { mostProbable } from '../../engine/reference/generation/sampler.ts'
import { Arena } from '../../engine/reference/kernel/arena.ts'
import { gemmScratch, loadKernel } from '../../engine/reference/kernel/kernel.ts'
import { createSampleCheckpoint, trainReference } from '../../engine/reference/tasks.ts'
import type { TaskContext } from '../../engine/tasks/context.ts'

const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url))

const report = (name: string, value: number, unit: string): void =>
  console.log(`${name.padEnd(52)} ${value.toFixed(1).padStart(10)} ${unit}`)

/** Runs per second, after a warm-up, over at least half a second. */
function rate(run: () => void): number {
  for (const end = performance.now() + 100; performance.now() < end;) run()
  const start = performance.now()
  let runs = 0
  while (performance.now() - start < 500) {
    run()
    runs++
  }
  return (runs * 1000) / (performance.now() - start)
}

function benchKernel(): void {
  const arena = Arena.create(64 * 2 ** 20)
  const kernel = loadKernel(arena.memory)
  for (const [m, n, k] of [
    [256, 256, 256],
    [512, 352, 128],
    [512, 1024, 1024],
  ] as const) {
    const [a, b, c] = [arena.allocate(m * k), arena.allocate(n * k), arena.allocate(m * n)]
    const scratch = arena.allocate(gemmScratch(k))
    for (const [address, count] of [
      [a, m * k],
      [b, n * k],
    ] as const)
      arena.floats(address, count).fill(0.5)
    for (const product of ['gemmNN', 'gemmNT', 'gemmTN'] as const) {
      const [lda, ldb] = [product === 'gemmTN' ? m : k, product === 'gemmNT' ? k : n]
      const runs = rate(() => kernel[product](m, n, k, a, lda, b, ldb, c, n, false, scratch))
      report(`${product} ${m} x ${n} x ${k}, one thread`, (runs * 2 * m * n * k) / 1e9, 'GFLOP/s')
    }
  }
}

async function benchTraining(folder: string): Promise<void> {
  const perSecond: number[] = []
  const context: TaskContext = {
    signal: new AbortController().signal,
    log: () => undefined,
    progress: () => undefined,
    metric: (_step, values) => void perSecond.push(values['tokensPerSecond'] ?? 0),
    artifact: () => undefined,
  }
  await createSampleCheckpoint({ definition: sample, output: join(folder, 'hf') }, context)
  const rows = { input: join(sample, 'dataset', 'alpaca-sample.json'), outputPrefix: join(folder, 'rows') }
  const preprocess = { ...rows, handler: 'alpaca', template: 'llama2', tokenizer: join(folder, 'hf') }
  await preprocessDataset(taskSpecs['dataset.preprocess'].parse(preprocess), context)
  const base = { checkpoint: join(folder, 'hf'), dataset: join(folder, 'rows'), seqLength: 128, learningRate: 0.003 }
  const lora = { rank: 8, alpha: 16, targets: ['q', 'k', 'v', 'o'] }
  for (const [method, batchSize] of [
    ['full', 16],
    ['full', 64],
    ['lora', 16],
  ] as const) {
    perSecond.length = 0
    const output = join(folder, `${method}-${batchSize}`)
    const spec = { ...base, output, method, batchSize, steps: 60, ...(method === 'lora' ? { lora } : {}) }
    await trainReference(taskSpecs['reference.train'].parse(spec), context)
    const median = perSecond.toSorted((x, y) => x - y)[perSecond.length >> 1] ?? 0
    report(`training the sample, ${method}, ${batchSize} samples a step`, median, 'tokens/s')
  }
}

async function benchGeneration(folder: string): Promise<void> {
  await using checkpoint = await openCheckpoint(join(folder, 'hf'))
  const decoder = await Decoder.load(checkpoint, 'sample')
  const prompt = Array.from({ length: 256 }, (_, i) => 3 + (i % 500))
  const prompts = rate(() => {
    decoder.reset()
    decoder.append(prompt)
  })
  report('reading a prompt of 256 tokens', prompts * prompt.length, 'tokens/s')
  let id = 5
  const tokens = rate(() => {
    if (decoder.length === decoder.context) decoder.reset()
    id = mostProbable(decoder.append([id]))
  })
  report('generating, greedy', tokens, 'tokens/s')
}

const folder = await mkdtemp(join(tmpdir(), 'awb-bench-'))
try {
  benchKernel()
  await benchTraining(folder)
  await benchGeneration(folder)
} finally {
  await rm(folder, { recursive: true })
}
