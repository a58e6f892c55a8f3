/**
 * Encoding and preprocessing on generated text of both languages: `node tests/bench/dataset.bench.ts [MB]`, 300 MB of each
 * kind of rows without a number. Needs the built engine (`npm run bench -- dataset` builds it) and python3-sentencepiece.
 * "One core" means that the whole process, its helper threads included, was bound to one core (by taskset, on Linux).
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetPassport } from '../../engine/protocol/passport.ts'
import { sampleTexts, trainTokenizers, writeRows } from './dataset-texts.ts'

const megabytes = Number(process.argv[2] ?? 300)
const cores = availableParallelism()
const engine = fileURLToPath(new URL('../../dist/engine/engine.mjs', import.meta.url))
const loops = fileURLToPath(new URL('./dataset-loops.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'awb-bench-'))
const hasTaskset = existsSync('/usr/bin/taskset')
if (!existsSync(engine)) throw new Error(`${engine} is missing: node scripts/build-engine.mjs makes it`)

/** A command bound to one core, where the machine can do that. */
const onOneCore = (command: string, args: readonly string[], core = 0): [string, string[]] =>
  hasTaskset ? ['/usr/bin/taskset', ['-c', String(core), command, ...args]] : [command, [...args]]

interface Rate {
  readonly tokens: number
  readonly seconds: number
  readonly bytes: number
}

const mtoks = ({ tokens, seconds }: Rate): number => tokens / seconds / 1e6
const row = (name: string, ...cells: string[]): void =>
  console.log(`| ${name.padEnd(58)} | ${cells.map((cell) => cell.padStart(8)).join(' | ')} |`)
const head = (...names: [string, ...string[]]): void => {
  console.log()
  row(...names)
  row('-'.repeat(58), ...names.slice(1).map(() => '-'.repeat(8)))
}

// ── Encoders in a plain loop ──

const ENCODE = `
import json, sys, time, sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
texts = json.load(open(sys.argv[2], encoding="utf-8"))
results = []
for _ in range(2):
    started = time.time()
    tokens = sum(len(processor.encode(text)) for text in texts)
    results.append([tokens, time.time() - started])
print(json.dumps(results))
`

function benchLoops(model: string, json: string, texts: readonly string[]): { native: number; python: number } {
  const list = join(folder, 'texts.json')
  writeFileSync(list, JSON.stringify(texts))
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  head(`plain loop over ${(bytes / 1e6).toFixed(1)} MB, one core`, 'Mtok/s', 'MB/s', 'Mtokens')
  const measure = (name: string, command: string, args: readonly string[]): number[] => {
    const [program, all] = onOneCore(command, args)
    const passes = JSON.parse(execFileSync(program, all).toString()) as [number, number][]
    return passes.map(([tokens, seconds], pass) => {
      const rate = { tokens, seconds, bytes }
      row(
        `${name}, ${pass === 0 ? 'cold' : 'warm'}`,
        mtoks(rate).toFixed(2),
        (bytes / seconds / 1e6).toFixed(1),
        (tokens / 1e6).toFixed(2),
      )
      return mtoks(rate)
    })
  }
  measure('SentencePiece BPE, 16 000 pieces', process.execPath, [loops, 'ours', model, list])
  const python = measure('the same in python3-sentencepiece', '/usr/bin/python3', ['-c', ENCODE, model, list])
  measure('byte-level BPE, 30 000 tokens', process.execPath, [loops, 'ours', json, list])
  const native = measure('the same in the native tokenizers library', process.execPath, [loops, 'native', json, list])
  return { native: Math.max(...native), python: Math.max(...python) }
}

// ── Preprocessing end to end ──

interface Preprocessed extends Rate {
  readonly rssMegabytes: number
}

/** @param core that one worker is bound to, and by which the output is named */
async function preprocess(
  { input, tokenizer, handler }: Pick<Case, 'input' | 'tokenizer' | 'handler'>,
  workers: number,
  core = 0,
): Promise<Preprocessed> {
  const made = join(folder, core === 0 ? 'made' : `made-${core}`)
  rmSync(made, { recursive: true, force: true })
  const args = ['dataset', 'preprocess', input, join(made, 'out'), '--tokenizer', tokenizer, '--handler', handler]
  const all = [engine, ...args, '--template', 'llama2', '--workers', String(workers), '--json']
  const [program, programArgs] = workers === 1 ? onOneCore(process.execPath, all, core) : [process.execPath, all]
  const startedAt = performance.now()
  const child = spawn(program, programArgs, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 50)
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  clearInterval(watch)
  const seconds = (performance.now() - startedAt) / 1000
  if (code !== 0) throw new Error(`preprocessing ended with ${code}: ${said}`)
  const passport = JSON.parse(readFileSync(join(made, 'out.awb-passport.json'), 'utf8')) as DatasetPassport
  return { tokens: passport.tokens, seconds, bytes: statSync(input).size, rssMegabytes: peak }
}

/** The most memory that a process had so far, in MB; 0 where the system does not tell. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000
  } catch {
    return 0
  }
}

interface Case {
  readonly name: string
  readonly input: string
  readonly tokenizer: string
  readonly handler: string
  readonly against: number
}

async function benchPreprocessing(cases: readonly Case[]): Promise<void> {
  head('reading, encoding, writing', 's', 'Mtok/s', 'MB/s', 'MB RSS', '× theirs', 'scaling')
  for (const one of cases) {
    const { name, against } = one
    let alone: Preprocessed | undefined
    for (const workers of cores === 1 ? [1] : [1, cores]) {
      const found = await preprocess(one, workers)
      alone ??= found
      const used = workers === 1 ? 'one core' : `${workers} workers`
      const perCore = mtoks(found) / Math.min(workers, cores)
      row(
        `${name}, ${used}`,
        found.seconds.toFixed(1),
        mtoks(found).toFixed(2),
        (found.bytes / found.seconds / 1e6).toFixed(1),
        found.rssMegabytes.toFixed(0),
        (perCore / against).toFixed(2),
        (alone.seconds / found.seconds).toFixed(2),
      )
    }
    if (alone !== undefined && cores > 1 && hasTaskset) await benchSideBySide(one, alone)
  }
}

/** What the machine itself gives: one process for each core, which share nothing but caches, memory and disk. */
async function benchSideBySide(one: Case, alone: Preprocessed): Promise<void> {
  const all = await Promise.all(Array.from({ length: cores }, (_, core) => preprocess(one, 1, core)))
  const seconds = Math.max(...all.map((found) => found.seconds))
  const rate = { tokens: alone.tokens * cores, seconds, bytes: alone.bytes * cores }
  row(
    `${one.name}, ${cores} processes at once`,
    seconds.toFixed(1),
    mtoks(rate).toFixed(2),
    (rate.bytes / seconds / 1e6).toFixed(1),
    Math.max(...all.map(({ rssMegabytes }) => rssMegabytes)).toFixed(0),
    (mtoks(rate) / cores / one.against).toFixed(2),
    ((alone.seconds * cores) / seconds).toFixed(2),
  )
}

async function benchMemory(tokenizer: string, inputs: readonly string[]): Promise<void> {
  head('memory of the whole process, MB', ...inputs.map((input) => `${Math.round(statSync(input).size / 1e6)} MB`))
  for (const workers of cores === 1 ? [1] : [1, cores]) {
    const peaks: string[] = []
    for (const input of inputs)
      peaks.push((await preprocess({ input, tokenizer, handler: 'alpaca' }, workers)).rssMegabytes.toFixed(0))
    row(`alpaca, ${workers} worker${workers === 1 ? '' : 's'}`, ...peaks)
  }
}

// ── Merging ──

/** Joins three copies of what was made last; `cat` joins the same data files. Both find them in the page cache. */
function benchMerge(): void {
  const parts = join(folder, 'parts')
  mkdirSync(parts)
  const stem = 'packed_input_ids_document'
  for (const part of ['a', 'b', 'c']) {
    for (const end of ['bin', 'idx'])
      copyFileSync(join(folder, 'made', `out_${stem}.${end}`), join(parts, `${part}_${stem}.${end}`))
  }
  const bytes = 3 * statSync(join(parts, `a_${stem}.bin`)).size
  const timed = (work: () => void): number => {
    execFileSync('sync')
    const startedAt = performance.now()
    work()
    return (performance.now() - startedAt) / 1000
  }
  const joined = join(folder, 'cat')
  const merged = join(folder, 'merged')
  const best = { cat: Infinity, synced: Infinity, merge: Infinity }
  for (let pass = 0; pass < 3; pass++) {
    rmSync(joined, { force: true })
    rmSync(merged, { recursive: true, force: true })
    const cat = timed(() => execFileSync('sh', ['-c', `cat ${parts}/*.bin > ${joined}`]))
    const sync = timed(() => execFileSync('sh', ['-c', `rm ${joined}; cat ${parts}/*.bin > ${joined}; sync ${joined}`]))
    const args = ['dataset', 'merge', parts, join(merged, 'x'), '--keys', stem, '--json']
    const merge = timed(() => execFileSync(process.execPath, [engine, ...args], { stdio: 'ignore' }))
    best.cat = Math.min(best.cat, cat)
    best.synced = Math.min(best.synced, sync)
    best.merge = Math.min(best.merge, merge)
  }
  head(`joining three datasets of ${(bytes / 3e6).toFixed(0)} MB`, 's', 'MB/s', '× cat')
  const line = (name: string, seconds: number): void =>
    row(name, seconds.toFixed(2), (bytes / seconds / 1e6).toFixed(0), (best.cat / seconds).toFixed(2))
  line('cat', best.cat)
  line('cat, and sync of the result', best.synced)
  line('awb dataset merge, with digests, index and sync', best.merge)
}

try {
  const alpaca = join(folder, 'alpaca.jsonl')
  const quarter = join(folder, 'quarter.jsonl')
  const pretrain = join(folder, 'pretrain.jsonl')
  await writeRows(alpaca, megabytes * 1e6, (row) => row)
  await writeRows(quarter, megabytes * 0.25e6, (row) => row)
  await writeRows(pretrain, megabytes * 1e6, ({ instruction, input, output }) => ({
    text: `${instruction} ${input} ${output}`,
  }))
  const texts = sampleTexts(20_000)
  const { model, json } = trainTokenizers(folder, texts)
  const { native, python } = benchLoops(model, json, texts)
  await benchPreprocessing([
    { name: 'pretrain, byte-level BPE', input: pretrain, tokenizer: json, handler: 'pretrain', against: native },
    { name: 'alpaca, byte-level BPE', input: alpaca, tokenizer: json, handler: 'alpaca', against: native },
    { name: 'pretrain, SentencePiece', input: pretrain, tokenizer: model, handler: 'pretrain', against: python },
    { name: 'alpaca, SentencePiece', input: alpaca, tokenizer: model, handler: 'alpaca', against: python },
  ])
  await benchMemory(model, [quarter, alpaca])
  benchMerge()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
