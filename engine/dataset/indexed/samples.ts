import path from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { packedStem, passportPath } from './format.ts'
import { readPassport } from './passport.ts'
import { openIndexedDataset, openInstructionDataset, type IndexedDataset } from './read.ts'

/** Samples of a dataset of any format that is kept in `.bin` and `.idx`. */
export interface SampleSource {
  readonly length: number
  readonly passport: DatasetPassport
  /** Ids and labels; of pairs the chosen answer, of texts the first key, trained throughout. */
  sample(index: number): Promise<{ ids: Int32Array; labels: Int32Array }>
  close(): Promise<void>
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
      return ofStems(passport, [packedStem(prefix, 'chosen_input_ids'), packedStem(prefix, 'chosen_labels')])
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

/** @param stems of the ids, and of the labels where there are some */
async function ofStems(passport: DatasetPassport, stems: readonly string[]): Promise<SampleSource> {
  const opened: IndexedDataset[] = []
  const close = async (): Promise<void> => {
    for (const dataset of opened) await dataset.close()
  }
  try {
    for (const stem of stems) opened.push(await openIndexedDataset(stem))
  } catch (error) {
    await close()
    throw error
  }
  const [idsFile, labelsFile] = opened
  return {
    length: idsFile?.length ?? 0,
    passport,
    async sample(index) {
      const ids = (await idsFile?.sequence(index)) ?? new Int32Array(0)
      return { ids, labels: (await labelsFile?.sequence(index)) ?? ids }
    },
    close,
  }
}
