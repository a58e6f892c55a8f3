import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { isFile } from '../assets.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { mindsporeNames } from '../formats/mindspore-types.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import { asFileError } from '../../host/fs-errors.ts'
import { RandomFile } from '../formats/random-file.ts'
import { readSafetensors } from '../formats/safetensors.ts'
import type { StoredTensor } from '../formats/stored-tensor.ts'
import { readTorch } from '../formats/torch-read.ts'
import { knownFamilies } from '../layouts/families/installed.ts'
import { mindsporeLayout } from '../layouts/families/layout-of.ts'
import { evenStages } from '../layouts/pipeline.ts'
import { planEntries } from '../layouts/plan.ts'
import { openCheckpoint } from '../open.ts'
import { replaceFileAtomically } from '../writing/atomic-file.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { sinkOf } from '../writing/mindspore-sink.ts'
import { TensorStream, type WriteContext } from '../writing/tensor-stream.ts'
import { bytesAs, StoredCopy } from './copy-stored.ts'
import { telechat2ToMindspore } from './names.ts'

/** Files of MindSpore can be read by their owner only, and by nobody written. */
export const MINDSPORE_MODE = 0o400

/** Room for names and shapes when the free space is checked. */
const OVERHEAD_BYTES = 1024 * 1024

export interface ToMindsporeRequest {
  /** Folder of the model in Hugging Face's form. */
  readonly input: string
  /** File to write; an earlier one is replaced. */
  readonly output: string
  readonly dtype: Dtype
  readonly context: WriteContext
}

/** MindSpore's own rule: a name without the suffix gets it. */
export const withSuffix = (path: string): string => (path.endsWith('.ckpt') ? path : `${path}.ckpt`)

/**
 * Writes a model of Llama's tensors (Llama2, Mistral, Qwen1.5) as one MindSpore file, as MindFormers' scripts do.
 *
 * @param family whose script it is; `llama` knows no biases, `qwen1.5` needs them
 * @param withTiedHead whether a tied model gets its embedding again as `lm_head.weight`
 * @throws AppError `mindspore.wrongFamily`, `checkpoint.incomplete`, and those of the formats
 */
export async function llamaToMindspore(
  { input, output, dtype, context }: ToMindsporeRequest,
  family: 'llama' | 'qwen1.5',
  withTiedHead: boolean,
): Promise<FileDigest> {
  await using source = await openCheckpoint(input)
  const { model, summary } = source
  if (model.qkvBias !== (family === 'qwen1.5')) {
    throw new AppError('mindspore.wrongFamily', { path: summary.path, family: model.family, script: family })
  }
  const errors = summary.problems.filter(({ level }) => level === 'error')
  if (errors[0] !== undefined) {
    const problem = errors[0].text.en
    throw new AppError('checkpoint.incomplete', { path: summary.path, count: errors.length, problem })
  }
  const layout = mindsporeLayout((await knownFamilies()).get(model.family))
  const chunks = evenStages(model.layers, 1)
  const placement = { tp: 1, chunks, vocab: model.vocab }
  const entries = chunks.flatMap((chunk) => planEntries(layout, model, placement, chunk, 0))
  const [embedding] = entries
  if (withTiedHead && model.tiedEmbeddings && embedding !== undefined) {
    entries.push({ ...embedding, name: 'lm_head.weight' })
  }
  const total = entries.reduce((sum, { shape }) => sum + elementCount(shape) * dtypeBytes[dtype], 0)
  const stream = new TensorStream(source, dtype, total, context)
  const digest = await writeFile(output, total, async (writer) => {
    await stream.copyGroup([{ entries, sink: sinkOf(writer, entries, dtype) }])
    await source.assertUnchanged()
  })
  warnOfOverflow(
    [...stream.overflows.values()].reduce((sum, count) => sum + count, 0),
    context,
  )
  return digest
}

/**
 * Writes a TeleChat2 folder as one MindSpore file: every tensor of its files in their order, renamed.
 *
 * @throws AppError `file.missing`, `checkpoint.shardMissing`, and those of the formats
 */
export async function telechat2ToMindsporeFile(request: ToMindsporeRequest): Promise<FileDigest> {
  const { input, output, dtype, context } = request
  const files: RandomFile[] = []
  try {
    const tensors: StoredTensor[] = []
    for (const name of await weightFiles(input, context)) {
      const file = await RandomFile.open(join(input, name))
      files.push(file)
      if (name.endsWith('.safetensors')) tensors.push(...(await readSafetensors(file)).tensors)
      else {
        const torch = await readTorch(file)
        tensors.push(...torch.tensorsOf(torch.root))
      }
    }
    const total = tensors.reduce((sum, tensor) => sum + bytesAs(tensor, dtype), 0)
    const copy = new StoredCopy(dtype, total, context)
    const digest = await writeFile(output, total, async (writer) => {
      for (const tensor of tensors) {
        const { name, shape } = tensor
        const header = { name: telechat2ToMindspore(name), shape, type: mindsporeNames[dtype] }
        await writer.begin(header, bytesAs(tensor, dtype))
        await copy.copy(tensor, writer.write.bind(writer))
      }
      for (const file of files) await file.assertUnchanged()
    })
    warnOfOverflow(copy.overflowed, context)
    return digest
  } finally {
    for (const file of files) await file[Symbol.asyncDispose]()
  }
}

/** `pytorch_model*.bin` in the order of their names, else `model*.safetensors`; the index says whether all are there. */
async function weightFiles(folder: string, context: WriteContext): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw asFileError(error, folder)
  })
  const torch = names.filter((name) => /^pytorch_model.*\.bin$/.test(name)).sort()
  const found = torch.length > 0 ? torch : names.filter((name) => /^model.*\.safetensors$/.test(name)).sort()
  if (found.length === 0) throw new AppError('file.missing', { path: join(folder, 'pytorch_model*.bin') })
  if (torch.length === 0) context.log(`reading ${found.join(', ')}: there is no pytorch_model*.bin`)
  for (const name of found) {
    const [, total] = /-of-(\d+)\./.exec(name) ?? []
    if (total === undefined || Number(total) === found.length) continue
    const file = `${found.length} of ${Number(total)} files like ${name}`
    throw new AppError('checkpoint.shardMissing', { path: folder, file })
  }
  for (const name of found) if (!(await isFile(join(folder, name)))) throw new AppError('file.missing', { path: name })
  return found
}

const writeFile = (
  output: string,
  bytes: number,
  fill: (writer: MindsporeWriter) => Promise<void>,
): Promise<FileDigest> =>
  replaceFileAtomically(output, bytes + OVERHEAD_BYTES, (sink) => fill(new MindsporeWriter(sink)), {
    mode: MINDSPORE_MODE,
  })

export function warnOfOverflow(count: number, context: WriteContext): void {
  if (count === 0) return
  context.log(
    `warning: ${count} values became infinite: they are too large for the target dtype; use bf16 or fp32 instead`,
  )
}
