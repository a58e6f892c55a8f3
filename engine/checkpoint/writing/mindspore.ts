import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import { mindsporeLayout } from '../layouts/families/layout-of.ts'
import { evenStages } from '../layouts/pipeline.ts'
import { planEntries } from '../layouts/plan.ts'
import { MINDSPORE_MODE, sinkOf } from '../mindspore/to-mindspore.ts'
import { FileSink } from './file-sink.ts'
import type { TargetWriter, WriterOptions } from './target.ts'

const FILE = 'mindspore_model.ckpt'

/**
 * One complete file, config.json and the tokenizer beside it.
 *
 * @throws AppError `checkpoint.familyLayout`
 */
export function mindsporeWriter({ model, family, dtype }: WriterOptions): TargetWriter {
  const layout = mindsporeLayout(family)
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const entries = chunks.flatMap((chunk) => planEntries(layout, model, placement, chunk, 0))
  return {
    layout: 'mindspore',
    tp: 1,
    pp: 1,
    vpp: 1,
    tensorCount: entries.length,
    totalBytes: entries.reduce((sum, { shape }) => sum + elementCount(shape) * dtypeBytes[dtype], 0),
    assetsFolder: '',
    async write(folder, stream) {
      const path = join(folder, FILE)
      const file = await FileSink.create(path, false)
      try {
        await stream.copyGroup([{ entries, sink: sinkOf(new MindsporeWriter(file), entries, dtype) }])
        const digest = await file.finish()
        await chmod(path, MINDSPORE_MODE)
        return new Map([[FILE, digest]])
      } finally {
        await file.abandon()
      }
    },
  }
}
