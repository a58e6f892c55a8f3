import path from 'node:path'
import { MersenneTwister } from '../mersenne-twister.ts'
import type { StagedFiles } from '../../writers/staging.ts'
import type { Page } from './pages.ts'
import { DEFAULT_SIZES, Shard, type ShardSizes } from './shard.ts'
import { packBlob, packIntegers } from './values.ts'

const VERSION = '3.0'

export interface MindRecordOptions {
  /** Final path of the file; with several shards their numbers follow its name. */
  readonly output: string
  /** 1 to 1000. */
  readonly shards: number
  /** Columns, all int32 lists. */
  readonly columns: readonly string[]
  readonly description: string
  /** Decides which shard a row goes to. */
  readonly seed: number
  readonly sizes?: ShardSizes
}

/** `x.mindrecord`, or `x.mindrecord00` … with the digits that the last number needs. */
export function shardNames(output: string, shards: number): string[] {
  const base = path.basename(output)
  if (shards === 1) return [base]
  const width = String(shards - 1).length
  return Array.from({ length: shards }, (_, i) => base + String(i).padStart(width, '0'))
}

/**
 * Writes rows of int32 lists as MindRecord 3.0. MindFormers gives its rows one at a time, so that with several shards
 * each goes to one of them at random; here the seed decides, and the same rows give the same bytes.
 */
export class MindRecordWriter {
  readonly #options: MindRecordOptions
  readonly #columns: readonly string[]
  readonly #shards: readonly Shard[]
  readonly #random: MersenneTwister
  #saved = 0

  private constructor(options: MindRecordOptions, shards: readonly Shard[]) {
    this.#options = options
    this.#columns = [...options.columns].sort()
    this.#shards = shards
    this.#random = new MersenneTwister(options.seed)
  }

  static async create(options: MindRecordOptions, staged: StagedFiles): Promise<MindRecordWriter> {
    const shards: Shard[] = []
    for (const [number, name] of shardNames(options.output, options.shards).entries()) {
      shards.push(await Shard.create({ file: staged.path(name), name, number }, options.sizes ?? DEFAULT_SIZES))
    }
    return new MindRecordWriter(options, shards)
  }

  /** @throws dataset.recordTooLarge */
  async add(row: Readonly<Record<string, Int32Array>>): Promise<void> {
    const packed = this.#columns.map((name) => {
      const values = row[name] ?? new Int32Array(0)
      const column = packIntegers(values)
      this.#saved += values.byteLength - column.length
      return column
    })
    const shard = this.#shards.length === 1 ? 0 : this.#random.below(this.#shards.length)
    await this.#shards[shard]?.add(packBlob(packed))
  }

  /** Completes all shards and brings them to the disk. */
  async finish(): Promise<void> {
    for (const [number, shard] of this.#shards.entries()) await shard.finish((pages) => this.#header(number, pages))
  }

  async abandon(): Promise<void> {
    for (const shard of this.#shards) await shard.abandon()
  }

  #header(number: number, pages: readonly Page[] | null): string {
    const { output, shards, columns, description } = this.#options
    const fields = [...columns].sort().map((name) => [name, { shape: [-1], type: 'int32' }] as const)
    return JSON.stringify({
      header_size: (this.#options.sizes ?? DEFAULT_SIZES).header,
      index_fields: null,
      page: pages,
      page_size: (this.#options.sizes ?? DEFAULT_SIZES).page,
      compression_size: Math.max(0, this.#saved),
      schema: [{ blob_fields: fields.map(([name]) => name), desc: description, schema: Object.fromEntries(fields) }],
      shard_addresses: shardNames(output, shards),
      shard_id: number,
      statistics: null,
      version: VERSION,
    })
  }
}
