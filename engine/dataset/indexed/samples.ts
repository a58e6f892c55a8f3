import path from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { openMindRecord, type MindRecordShard } from '../mindformers/mindrecord/read.ts'
import { packedStem, passportPath } from './format.ts'
import { readPassport } from './passport.ts'
import { openIndexedDataset, openInstructionDataset, type IndexedDataset } from './read.ts'

/** Samples of a dataset of any format that is kept in `.bin` and `.idx`. */
export interface SampleSource {
  readonly length: number
  readonly passport: DatasetPassport
  /** Ids and labels; of pairs the chosen answer, of texts the first key, trained throughout. */
  sample(index: number): Promise<Sample>
  close(): Promise<void>
}

interface Sample {
  readonly ids: Int32Array
  readonly labels: Int32Array
  /** The worse answer of a pair. */
  readonly other?: { readonly key: string; readonly ids: Int32Array; readonly labels: Int32Array }
}

/**
 * Opens a dataset for looking at it, by its prefix and passport.
 * @throws file.missing, file.denied, dataset.indexInvalid, dataset.passportInvalid
 */
export async function openSamples(prefix: string): Promise<SampleSource> {
  const passport = await readPassport(prefix)
  switch (passport?.format) {
    case 'megatron-pretrain':
      return ofStems(passport, [firstStem(passport, prefix)])
    case 'megatron-pairwise':
      return ofStems(passport, [packedStem(prefix, 'chosen_input_ids'), packedStem(prefix, 'chosen_labels')], {
        key: 'rejected',
        stems: [packedStem(prefix, 'rejected_input_ids'), packedStem(prefix, 'rejected_labels')],
      })
    case 'mindrecord':
      return ofShards(passport, prefix)
    default: {
      const dataset = await openInstructionDataset(prefix)
      if (dataset.passport !== null) return { ...dataset, passport: dataset.passport }
      await dataset.close()
      throw new AppError('dataset.passportInvalid', { file: passportPath(path.resolve(prefix)) })
    }
  }
}

function firstStem(passport: DatasetPassport, prefix: string): string {
  const bin = Object.keys(passport.files).find((name) => name.endsWith('.bin'))
  if (bin === undefined) throw new AppError('dataset.passportInvalid', { file: passportPath(path.resolve(prefix)) })
  return path.join(path.dirname(path.resolve(prefix)), bin.slice(0, -'.bin'.length))
}

/**
 * @param stems of the ids, and of the labels where there are some
 * @param other the same of a second sequence per sample
 */
async function ofStems(
  passport: DatasetPassport,
  stems: readonly string[],
  other?: { readonly key: string; readonly stems: readonly string[] },
): Promise<SampleSource> {
  const opened: IndexedDataset[] = []
  const close = async (): Promise<void> => {
    for (const dataset of opened) await dataset.close()
  }
  try {
    for (const stem of [...stems, ...(other?.stems ?? [])]) opened.push(await openIndexedDataset(stem))
  } catch (error) {
    await close()
    throw error
  }
  const read = async (index: number, ids: IndexedDataset | undefined, labels: IndexedDataset | undefined) => {
    const tokens = (await ids?.sequence(index)) ?? new Int32Array(0)
    return { ids: tokens, labels: (await labels?.sequence(index)) ?? tokens }
  }
  const [idsFile, labelsFile] = opened.slice(0, stems.length)
  const [otherIds, otherLabels] = opened.slice(stems.length)
  return {
    length: idsFile?.length ?? 0,
    passport,
    async sample(index) {
      const first = await read(index, idsFile, labelsFile)
      return other === undefined
        ? first
        : { ...first, other: { key: other.key, ...(await read(index, otherIds, otherLabels)) } }
    },
    close,
  }
}

/** The shards of a MindRecord dataset, one after the other. */
async function ofShards(passport: DatasetPassport, prefix: string): Promise<SampleSource> {
  const folder = path.dirname(path.resolve(prefix))
  const shards: MindRecordShard[] = []
  const close = async (): Promise<void> => {
    for (const shard of shards) await shard.close()
  }
  try {
    for (const name of Object.keys(passport.files)) shards.push(await openMindRecord(path.join(folder, name)))
  } catch (error) {
    await close()
    throw error
  }
  const length = shards.reduce((sum, { rows }) => sum + rows, 0)
  return {
    length,
    passport,
    async sample(index) {
      let at = index
      for (const shard of shards) {
        if (at < shard.rows && at >= 0) {
          const { input_ids: ids = new Int32Array(0), labels, target_ids } = await shard.row(at)
          return { ids, labels: labels ?? target_ids ?? ids }
        }
        at -= shard.rows
      }
      throw new AppError('dataset.sampleMissing', { prefix, sample: index, samples: length })
    },
    close,
  }
}
