/**
 * Conversion against `cp -r` of the same bytes, in the same run: `node tests/bench/checkpoint.bench.ts [GB]`.
 * Every conversion runs in a process of its own, so that its peak memory is its own.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convertCheckpoint } from '../../engine/checkpoint/tasks.ts'
import { writeCheckpoint } from '../../engine/checkpoint/write.ts'
import type { TaskSpec } from '../../engine/protocol/tasks.ts'
import type { TaskContext } from '../../engine/tasks/context.ts'
import { syntheticSource } from '../fixtures/checkpoint/synthetic.ts'

const silent: TaskContext = {
  signal: new AbortController().signal,
  log: () => undefined,
  progress: () => undefined,
  metric: () => undefined,
  artifact: () => undefined,
}

type Spec = TaskSpec<'checkpoint.convert'>

/** A Llama2 with the proportions of the 7B, as wide as it must be for the size asked for. */
function shapeOf(gigabytes: number): Parameters<typeof syntheticSource>[0] {
  const hidden = 2048
  const perLayer = 4 * hidden * hidden + 3 * hidden * 5504
  const layers = Math.max(2, Math.round((gigabytes * 1e9) / 2 / perLayer / 2) * 2)
  return { layers, hidden, ffn: 5504, heads: 16, kvGroups: 16, vocab: 32000 }
}

async function child(job: string): Promise<void> {
  const spec = JSON.parse(job) as Spec | { make: string; gigabytes: number }
  if ('make' in spec) {
    await writeCheckpoint({
      source: syntheticSource(shapeOf(spec.gigabytes)),
      output: spec.make,
      target: { layout: 'hf' },
    })
    return
  }
  const startedAt = performance.now()
  await convertCheckpoint(spec, silent)
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(JSON.stringify({ seconds, rssBytes: process.resourceUsage().maxRSS * 1024 }))
}

function runChild(job: unknown): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), JSON.stringify(job)],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(stderr)
  return stdout
}

function timeCopy(from: string, to: string): number {
  const startedAt = performance.now()
  execFileSync('cp', ['-r', from, to])
  const seconds = (performance.now() - startedAt) / 1000
  rmSync(to, { recursive: true })
  return seconds
}

function main(gigabytes: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'awb-bench-'))
  try {
    const model = join(folder, 'model')
    runChild({ make: model, gigabytes })
    const megatron = join(folder, 'tp4pp2')
    const mcore = { layout: 'mcore', tp: 4, pp: 2, vocabDivisor: 1 } as const
    const runs: { name: string; spec: Spec; keep?: boolean }[] = [
      { name: 'hf to mcore TP4 PP2', spec: { input: model, output: megatron, target: mcore }, keep: true },
      { name: 'mcore TP4 PP2 to hf', spec: { input: megatron, output: join(folder, 'hf'), target: { layout: 'hf' } } },
      {
        name: 'mcore TP4 PP2 to TP2 PP1',
        spec: { input: megatron, output: join(folder, 'tp2'), target: { ...mcore, tp: 2, pp: 1 } },
      },
      {
        name: 'hf fp16 to mcore TP4 PP2 bf16',
        spec: { input: model, output: join(folder, 'cast'), target: mcore, dtype: 'bf16' },
      },
    ]
    console.log(
      `${cpus()[0]?.model ?? ''}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`,
    )
    console.log('| conversion | s | cp -r s | ratio | peak RSS MiB |\n| --- | --- | --- | --- | --- |')
    for (const { name, spec, keep } of runs) {
      const copySeconds = timeCopy(spec.input, join(folder, 'copy'))
      const { seconds, rssBytes } = JSON.parse(runChild(spec)) as { seconds: number; rssBytes: number }
      const cells = [seconds.toFixed(2), copySeconds.toFixed(2), (seconds / copySeconds).toFixed(2)]
      console.log(`| ${name} | ${cells.join(' | ')} | ${(rssBytes / 2 ** 20).toFixed(0)} |`)
      if (keep !== true) rmSync(spec.output, { recursive: true })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [argument] = process.argv.slice(2)
if (argument?.startsWith('{') === true) await child(argument)
else main(Number(argument ?? 1))
