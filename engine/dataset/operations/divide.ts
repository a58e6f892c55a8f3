import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { SampleRowsSpec, SplitRowsSpec } from '../../protocol/dataset-operations-tasks.ts'
import { MersenneTwister } from '../mindformers/mersenne-twister.ts'
import { Source } from './json-lines.ts'
import { RowFiles, type RowsPassport } from './row-files.ts'

export interface OperationHooks {
  readonly signal: AbortSignal
  /** Bytes of all times the source is read. */
  advance(done: number, total: number): void
}

/** Some rows, each as likely as any other. Fewer rows than asked for are all taken. @throws dataset.*, file.*, cancelled */
export function sampleRows(spec: SampleRowsSpec, hooks: OperationHooks): Promise<RowsPassport> {
  const { input, output, rows, seed, strict } = spec
  const made = { operation: 'sample', settings: { rows, seed } }
  return divide({ input, prefix: output, files: [output], seed, strict, made }, hooks, (total) => {
    const taken = Math.min(rows, total)
    return [taken, total - taken]
  })
}

/** All rows, each in one of the parts. Sizes follow the shares, to the row. @throws dataset.*, file.*, cancelled */
export function splitRows(spec: SplitRowsSpec, hooks: OperationHooks): Promise<RowsPassport> {
  const { input, outputPrefix, parts, seed, strict } = spec
  const files = parts.map(({ name }) => `${outputPrefix}.${name}.jsonl`)
  const made = { operation: 'split', settings: { parts, seed } }
  return divide({ input, prefix: outputPrefix, files, seed, strict, made }, hooks, (total) =>
    sizesOf(
      total,
      parts.map(({ share }) => share),
    ),
  )
}

interface Division {
  readonly input: string
  readonly prefix: string
  readonly files: readonly string[]
  readonly seed: number
  readonly strict: boolean
  readonly made: Pick<RowsPassport, 'operation' | 'settings'>
}

/**
 * Reads twice: rows are counted, then each goes to a file with the odds of what that file still lacks. So sizes are
 * exact, rows stay in order, and nothing is held in memory.
 * @param sizes how many of so many rows go to each file; what is left over goes nowhere
 */
async function divide(
  { input, prefix, files, seed, strict, made }: Division,
  { signal, advance }: OperationHooks,
  sizes: (total: number) => number[],
): Promise<RowsPassport> {
  const source = new Source(input)
  const output = await RowFiles.create(path.resolve(prefix), files, strict)
  try {
    let rows = 0
    let readable = 0
    for await (const batch of source.read(signal, (done, total) => advance(done, total * 2))) {
      rows += batch.length
      readable += batch.filter(({ problem }) => problem === undefined).length
    }
    if (readable === 0) throw new AppError('dataset.empty', { file: source.passport.path })
    const lacking = sizes(readable)
    const random = new MersenneTwister(seed)
    const place = source.passport.path
    for await (const batch of source.read(signal, (done, total) => advance(total + done, total * 2))) {
      for (const row of batch) {
        if (row.problem === undefined) output.add(row, draw(lacking, random, place))
        else await output.reject(row, place)
      }
      await output.flush()
    }
    return await output.commit({ ...made, rows, source: source.passport })
  } catch (error) {
    await output.abandon()
    throw asFileError(error, prefix)
  }
}

/** One of the numbered places, with odds by what each lacks; it lacks one less then. */
function draw(lacking: number[], random: MersenneTwister, file: string): number {
  const left = lacking.reduce((sum, count) => sum + count, 0)
  if (left === 0) throw new AppError('dataset.changed', { file })
  let at = random.below(left)
  for (const [place, count] of lacking.entries()) {
    if (at < count) {
      lacking[place] = count - 1
      return place
    }
    at -= count
  }
  return lacking.length
}

/** Whole numbers that add up to the total, the largest remainders rounded up. */
function sizesOf(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((all, share) => all + share, 0)
  const exact = shares.map((share) => (share / sum) * total)
  const sizes = exact.map(Math.floor)
  const order = [...exact.keys()].sort((a, b) => ((exact[b] ?? 0) % 1) - ((exact[a] ?? 0) % 1) || a - b)
  const missing = total - sizes.reduce((all, size) => all + size, 0)
  for (const place of order.slice(0, missing)) sizes[place] = (sizes[place] ?? 0) + 1
  return sizes
}
