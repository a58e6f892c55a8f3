import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { mindsporeLayout } from '../layouts/families/layout-of.ts'
import { evenStages } from '../layouts/pipeline.ts'
import { planEntries } from '../layouts/plan.ts'
import { MINDSPORE_MODE } from '../mindspore/to-mindspore.ts'
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
    groups: [() => [{ format: 'mindspore', path: FILE, entries, dtype, mode: MINDSPORE_MODE }]],
    last: new Map(),
  }
}
