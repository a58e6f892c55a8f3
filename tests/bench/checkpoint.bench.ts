/**
 * Conversions against `cp -r` of the same bytes, in the same run: `node tests/bench/checkpoint.bench.ts [GB ...]`, 2 and
 * 8 without a size. Each is a run of `awb` as it is shipped, its start and its end on the disk included. Whatever is read
 * was read just before, by `cp` as by a conversion, so that it lies in the page cache if there is room for it; what was
 * written before is on the disk and removed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layersFor, makeAdapters, makeModel, PP, TP } from './checkpoint-models.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const engine = here('../../dist/engine/engine.mjs')

interface Measured {
  readonly seconds: number
  readonly rssBytes: number
}

/** Runs the engine's command line in a process of its own, so that its peak memory is its own. */
function runEngine(args: readonly string[], folder: string): Measured {
  const report = join(folder, 'rss')
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--import', here('report-memory.mjs'), engine, ...args], {
    encoding: 'utf8',
    env: { ...process.env, AWB_BENCH_REPORT: report },
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (status !== 0) throw new Error(stderr)
  return { seconds, rssBytes: Number(readFileSync(report, 'utf8')) }
}

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
  readonly args: readonly string[]
  /** Removed after each time. */
  readonly output?: string
  readonly isKept?: boolean
}

function casesOf(folder: string, model: string, adapters: string): Case[] {
  const megatron = join(folder, 'megatron')
  const shards = ['--to', 'mcore', '--tp', String(TP), '--pp', String(PP)]
  const convert = (name: string, input: string, to: string, args: readonly string[], isKept = false): Case => {
    const output = join(folder, to)
    return { name, input, output, isKept, args: ['checkpoint', 'convert', input, output, ...args] }
  }
  return [
    convert('hf to mcore TP4 PP2', model, 'megatron', shards, true),
    convert('mcore TP4 PP2 to hf', megatron, 'hf', ['--to', 'hf']),
    convert('mcore TP4 PP2 to TP2 PP1', megatron, 'tp2', ['--to', 'mcore', '--tp', '2']),
    convert('hf fp16 to mcore TP4 PP2 bf16', model, 'cast', [...shards, '--dtype', 'bf16']),
    convert('hf to MindSpore', model, 'mindspore', ['--to', 'mindspore']),
    convert('mcore TP4 PP2 with LoRA of rank 16 to hf', megatron, 'merged', [
      ...['--to', 'hf', '--lora', adapters, '--lora-alpha', '32'],
    ]),
    {
      name: 'verify mcore TP4 PP2 against hf',
      input: model,
      args: ['checkpoint', 'verify', megatron, '--against', model],
    },
  ]
}

async function measure({ input, output, args, isKept }: Case, folder: string, times: number) {
  const copies: { copy: number; durable: number }[] = []
  const runs: Measured[] = []
  for (let time = 0; time < times; time++) {
    await warm(input)
    copies.push(timeCopy(input, join(folder, 'copy')))
    await warm(input)
    runs.push(runEngine(args, folder))
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
  const script = here('peer_convert.py')
  const output = join(folder, 'peer')
  await warm(model)
  const peer = JSON.parse(
    execFileSync(PYTHON, [script, model, output, String(TP), String(PP)], { encoding: 'utf8' }),
  ) as Measured
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
    await makeModel(model, gigabytes)
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

if (!existsSync(engine)) throw new Error(`${engine} is missing; npm run bench builds it`)
const sizes = process.argv.slice(2).map(Number)
for (const gigabytes of sizes.length === 0 ? [2, 8] : sizes) await benchmark(gigabytes, gigabytes > 4 ? 1 : 3)
