/**
 * Conversions against `cp -r` of the same bytes, in the same run: `node tests/bench/checkpoint.bench.ts [GB ...]`, 2 and
 * 8 without a size. Every conversion runs in a process of its own, so that its peak memory is its own. Whatever is read
 * was read just before, by `cp` as by a conversion, so that it lies in the page cache if there is room for it; what was
 * written before is on the disk and removed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convertCheckpoint } from '../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../engine/checkpoint/verify.ts'
import type { TaskSpec } from '../../engine/protocol/tasks.ts'
import type { TaskContext } from '../../engine/tasks/context.ts'
import { layersFor, makeAdapters, makeModel, PP, TP } from './checkpoint-models.ts'

const silent: TaskContext = {
  signal: new AbortController().signal,
  log: () => undefined,
  progress: () => undefined,
  metric: () => undefined,
  artifact: () => undefined,
}

type Job =
  | { readonly task: 'make'; readonly output: string; readonly gigabytes: number }
  | { readonly task: 'convert'; readonly spec: TaskSpec<'checkpoint.convert'> }
  | { readonly task: 'verify'; readonly spec: TaskSpec<'checkpoint.verify'> }

interface Measured {
  readonly seconds: number
  readonly rssBytes: number
}

async function child(job: Job): Promise<void> {
  const startedAt = performance.now()
  if (job.task === 'make') await makeModel(job.output, job.gigabytes)
  else if (job.task === 'convert') await convertCheckpoint(job.spec, silent)
  else await verifyCheckpoint(job.spec, silent)
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(JSON.stringify({ seconds, rssBytes: process.resourceUsage().maxRSS * 1024 } satisfies Measured))
}

function run(command: string, args: readonly string[]): Measured {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Measured
}

const runJob = (job: Job): Measured => run(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(job)])

/** Reads all bytes of a folder once. */
async function warm(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    for await (const chunk of createReadStream(join(entry.parentPath, entry.name), { highWaterMark: 1 << 20 }))
      void chunk
  }
}

function bytesOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Seconds of `cp -r`, and of it with `sync`: a conversion ends when everything is on the disk. */
function timeCopy(from: string, to: string): { copy: number; durable: number } {
  const startedAt = performance.now()
  execFileSync('cp', ['-r', from, to])
  const copy = (performance.now() - startedAt) / 1000
  execFileSync('sync')
  const durable = (performance.now() - startedAt) / 1000
  rmSync(to, { recursive: true })
  return { copy, durable }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

interface Case {
  readonly name: string
  /** What `cp` copies: the bytes that are read, and nearly those that are written. */
  readonly input: string
  readonly job: Job
  /** Removed after each time. */
  readonly output?: string
  readonly isKept?: boolean
}

function casesOf(folder: string, model: string, adapters: string): Case[] {
  const at = (name: string): string => join(folder, name)
  const mcore = { layout: 'mcore', tp: TP, pp: PP, vocabDivisor: 1 } as const
  const megatron = at('megatron')
  const convert = (name: string, input: string, output: string, rest: object, isKept = false): Case => ({
    name,
    input,
    output,
    isKept,
    job: { task: 'convert', spec: { input, output, ...rest } as TaskSpec<'checkpoint.convert'> },
  })
  return [
    convert('hf to mcore TP4 PP2', model, megatron, { target: mcore }, true),
    convert('mcore TP4 PP2 to hf', megatron, at('hf'), { target: { layout: 'hf' } }),
    convert('mcore TP4 PP2 to TP2 PP1', megatron, at('tp2'), { target: { ...mcore, tp: 2, pp: 1 } }),
    convert('hf fp16 to mcore TP4 PP2 bf16', model, at('cast'), { target: mcore, dtype: 'bf16' }),
    convert('hf to MindSpore', model, at('mindspore'), { target: { layout: 'mindspore' } }),
    convert('mcore TP4 PP2 with LoRA of rank 16 to hf', megatron, at('merged'), {
      target: { layout: 'hf' },
      lora: { checkpoint: adapters, alpha: 32 },
    }),
    {
      name: 'verify mcore TP4 PP2 against hf',
      input: model,
      job: { task: 'verify', spec: { checkpoint: megatron, against: model } },
    },
  ]
}

async function measure({ input, output, job, isKept }: Case, folder: string, times: number) {
  const copies: { copy: number; durable: number }[] = []
  const runs: Measured[] = []
  for (let time = 0; time < times; time++) {
    await warm(input)
    copies.push(timeCopy(input, join(folder, 'copy')))
    await warm(input)
    runs.push(runJob(job))
    if (output !== undefined && (isKept !== true || time < times - 1)) rmSync(output, { recursive: true })
  }
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    copy: median(copies.map(({ copy }) => copy)),
    durable: median(copies.map(({ durable }) => durable)),
    rss: Math.max(...runs.map(({ rssBytes }) => rssBytes)),
  }
}

const PYTHON = '/usr/bin/python3'
const hasTorch = (): boolean => existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import torch, numpy']).status === 0

/** A straightforward PyTorch script on the same model. */
async function comparePeer(folder: string, model: string, ours: { seconds: number; rss: number }): Promise<void> {
  if (!hasTorch()) {
    console.log(`\nThe peer is skipped: ${PYTHON} has no torch and numpy.`)
    return
  }
  const script = fileURLToPath(new URL('./peer_convert.py', import.meta.url))
  const output = join(folder, 'peer')
  await warm(model)
  const peer = run(PYTHON, [script, model, output, String(TP), String(PP)])
  rmSync(output, { recursive: true })
  const [timeRatio, memoryRatio] = [peer.seconds / ours.seconds, peer.rssBytes / ours.rss]
  console.log(
    `\nPyTorch script, hf to mcore TP4 PP2: ${peer.seconds.toFixed(2)} s, ${mebibytes(peer.rssBytes)} MiB; ` +
      `the engine is ${timeRatio.toFixed(1)} times as fast with ${memoryRatio.toFixed(1)} times less memory.`,
  )
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0)

/** Source, its conversion, one output and a copy lie on the disk at once; some room stays. */
const neededBytes = (gigabytes: number): number => (gigabytes * 4 + 2) * 1e9

async function benchmark(gigabytes: number, times: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'awb-bench-'))
  try {
    const { bavail, bsize } = statfsSync(folder)
    if (bavail * bsize < neededBytes(gigabytes)) {
      console.log(`\n${gigabytes} GB: skipped, it needs ${gigabytes * 4 + 2} GB of free disk`)
      return
    }
    const model = join(folder, 'model')
    const adapters = join(folder, 'adapters')
    runJob({ task: 'make', output: model, gigabytes })
    makeAdapters(adapters, gigabytes)
    const size = `${(bytesOf(model) / 1e9).toFixed(1)} GB, ${layersFor(gigabytes)} layers of the 7B`
    console.log(`\n${size}; medians of ${times}\n`)
    console.log('| conversion | s | cp -r s | ratio | cp -r and sync s | ratio | peak RSS MiB |')
    console.log('| --- | --- | --- | --- | --- | --- | --- |')
    let first: { seconds: number; rss: number } | undefined
    for (const one of casesOf(folder, model, adapters)) {
      const { seconds, copy, durable, rss } = await measure(one, folder, times)
      first ??= { seconds, rss }
      const cells = [seconds, copy, seconds / copy, durable, seconds / durable].map((value) => value.toFixed(2))
      console.log(`| ${one.name} | ${cells.join(' | ')} | ${mebibytes(rss)} |`)
    }
    // The script holds the model several times over; a large one would only measure the swap.
    if (first !== undefined && gigabytes <= 2) await comparePeer(folder, model, first)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [argument, ...others] = process.argv.slice(2)
if (argument?.startsWith('{') === true) await child(JSON.parse(argument) as Job)
else {
  const sizes = argument === undefined ? [2, 8] : [argument, ...others].map(Number)
  for (const gigabytes of sizes) await benchmark(gigabytes, gigabytes > 4 ? 1 : 3)
}
