import { createHash } from 'node:crypto'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { version } from '../../version.ts'
import { holdsIds } from '../indexed/format.ts'
import { readPassport } from '../indexed/passport.ts'
import { openIndexedDataset } from '../indexed/read.ts'
import { tokenizerOf } from '../inspect.ts'
import { LengthCounts } from '../lengths.ts'
import { PAD_ID } from '../packing/packing-writer.ts'
import { TokenTally, summarizeTokens } from '../token-histogram.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'

const LENGTHS_PER_READ = 256 * 1024

type Parts = Readonly<Record<string, readonly string[]>>

/** One passport of those of the parts of a merge, where these were made alike and every key joins the same ones. */
export class MergedPassport {
  readonly #firstKey: string
  readonly #passports: readonly [DatasetPassport, ...DatasetPassport[]]
  readonly #counting: { readonly tokenizer: Tokenizer; readonly tally: TokenTally } | null

  /** @param tokenizer null where it is another one by now, or gone: then nothing can be said of the tokens */
  private constructor(
    keys: readonly [string, ...string[]],
    passports: readonly [DatasetPassport, ...DatasetPassport[]],
    tokenizer: Tokenizer | null,
  ) {
    this.#firstKey = keys[0]
    this.#passports = passports
    const isCounting = keys.some((key) => isOfIds(passports[0], key))
    this.#counting = tokenizer && isCounting ? { tokenizer, tally: new TokenTally(tokenizer.vocabSize) } : null
  }

  /** Null where there is none for all parts together. @param parts paths without extension, by key */
  static async of(parts: Parts): Promise<MergedPassport | null> {
    const [firstKey, ...otherKeys] = Object.keys(parts)
    if (firstKey === undefined) return null
    const prefixes = prefixesOf(parts[firstKey] ?? [], firstKey)
    if (otherKeys.some((key) => prefixesOf(parts[key] ?? [], key).join('\n') !== prefixes.join('\n'))) return null
    const found = await Promise.all(prefixes.map((prefix) => readPassport(prefix)))
    const [first, ...others] = found.filter((passport) => passport !== null)
    if (first === undefined || others.length + 1 < prefixes.length) return null
    if (others.some((passport) => howMade(passport) !== howMade(first))) return null
    return new MergedPassport([firstKey, ...otherKeys], [first, ...others], await tokenizerOf(first))
  }

  /** What is to count the data of a key; undefined for a key that holds no ids. */
  tallyOf(key: string): TokenTally | undefined {
    return isOfIds(this.#passports[0], key) ? this.#counting?.tally : undefined
  }

  /** @param target path of the result without key; @param folder of the parts */
  async finish(target: string, files: Record<string, FileDigest>, folder: string): Promise<DatasetPassport> {
    const passports = this.#passports
    const [first] = passports
    const rejected: Record<string, number> = {}
    for (const [reason, count] of passports.flatMap((passport) => Object.entries(passport.rejected))) {
      rejected[reason] = (rejected[reason] ?? 0) + count
    }
    const sum = (count: (passport: DatasetPassport) => number) => passports.reduce((all, one) => all + count(one), 0)
    const packedRows = sum((passport) => passport.packedRows ?? 0)
    return {
      passport: 1,
      kind: 'dataset',
      createdAt: Date.now(),
      tool: { name: 'ascend-workbench', version },
      format: first.format,
      handler: first.handler,
      ...(first.template === undefined ? {} : { template: first.template }),
      tokenizer: first.tokenizer,
      ...(first.seqLength === undefined ? {} : { seqLength: first.seqLength }),
      rows: sum(({ rows }) => rows),
      samples: sum(({ samples }) => samples),
      ...(packedRows === 0 ? {} : { packedRows }),
      tokens: sum(({ tokens }) => tokens),
      trainedTokens: sum(({ trainedTokens }) => trainedTokens),
      rejected,
      lengths: await summarizeLengths(`${target}_${this.#firstKey}`),
      ...this.#tokenHistogram(sum(paddingOf)),
      files,
      source: {
        path: folder,
        bytes: sum(({ source }) => source.bytes),
        // There is no single source: the hash is that of the hashes of all.
        sha256: createHash('sha256')
          .update(passports.map(({ source }) => source.sha256).join('\n'))
          .digest('hex'),
      },
    }
  }

  /** @param padding places of packed sequences that the parts had filled up, which were counted like ids */
  #tokenHistogram(padding: number): Pick<DatasetPassport, 'tokenHistogram'> {
    if (this.#counting === null) return {}
    const { tokenizer, tally } = this.#counting
    const counts = tally.counts.slice()
    counts[PAD_ID] = (counts[PAD_ID] ?? 0) - padding
    return { tokenHistogram: summarizeTokens(counts, tokenizer, padding) }
  }
}

const isOfIds = ({ format }: DatasetPassport, key: string): boolean =>
  holdsIds(format, key.replace(/^packed_/, '').replace(/_document$/, ''))

const howMade = ({ format, template, handler, tokenizer }: DatasetPassport): string =>
  [format, template, handler, tokenizer.hash].join('\n')

/** Places of packed sequences that no token took. */
const paddingOf = ({ packedRows, samples, seqLength = 0, tokens }: DatasetPassport): number =>
  packedRows === undefined ? 0 : samples * seqLength - tokens

/** The prefixes of parts whose names end with the key; others have none. */
const prefixesOf = (stems: readonly string[], key: string): string[] =>
  stems.map((stem) => (stem.endsWith(`_${key}`) ? stem.slice(0, -key.length - 1) : ''))

async function summarizeLengths(stem: string): Promise<DatasetPassport['lengths']> {
  const dataset = await openIndexedDataset(stem)
  try {
    const counts = new LengthCounts()
    for (let from = 0; from < dataset.length; from += LENGTHS_PER_READ) {
      counts.addAll(await dataset.lengths(from, LENGTHS_PER_READ))
    }
    return counts.summarize()
  } finally {
    await dataset.close()
  }
}
