import { basename } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { assertChecksum, mindsporeTensor, readMindspore, type MindsporeFile } from '../formats/mindspore-read.ts'
import { STRING_TYPE } from '../formats/mindspore-types.ts'
import { writePickle, type PyWritable } from '../formats/pickle-write.ts'
import { RandomFile } from '../formats/random-file.ts'
import type { StoredTensor } from '../formats/stored-tensor.ts'
import { torchTensor, TorchWriter } from '../formats/torch-write.ts'
import { replaceFileAtomically } from '../writing/atomic-file.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'
import { bytesAs, StoredCopy } from './copy-stored.ts'
import { warnOfOverflow } from './to-mindspore.ts'

/** Room for the pickle and the archive when the free space is checked. */
const OVERHEAD_BYTES = 4 * 1024 * 1024

export interface FromMindsporeRequest {
  /** A `.ckpt` file of MindSpore. */
  readonly input: string
  /** The torch file to write; an earlier one is replaced. */
  readonly output: string
  /** Undefined keeps the dtype of each parameter. */
  readonly dtype: Dtype | undefined
  readonly rename: (name: string) => string
  readonly context: WriteContext
}

/**
 * Writes the parameters of a MindSpore file, in their order, as one torch file. Strings have no place there and are left
 * out, with a line that says so.
 *
 * @throws AppError `mindspore.typeUnsupported`, `mindspore.checksum`, and those of the formats
 */
export async function mindsporeToTorch(request: FromMindsporeRequest): Promise<FileDigest> {
  const { input, output, dtype, rename, context } = request
  await using file = await RandomFile.open(input)
  const opened = await readMindspore(file)
  if (opened.entries.length === 0) throw new AppError('checkpoint.unrecognized', { path: input })
  const tensors = tensorsOf(opened, rename, context)
  await assertChecksum(opened)
  const total = tensors.reduce((sum, tensor) => sum + bytesAs(tensor, dtype), 0)
  const state = new Map<string, PyWritable>()
  tensors.forEach((tensor, index) => state.set(tensor.name, torchTensor(index, tensor.shape, dtype ?? tensor.dtype)))
  const copy = new StoredCopy(dtype, total, context)
  const digest = await replaceFileAtomically(
    output,
    total + OVERHEAD_BYTES,
    async (sink) => {
      const archive = new TorchWriter(sink, basename(output).replace(/\.[^.]*$/, ''))
      await archive.start(writePickle(state))
      for (const tensor of tensors) {
        await archive.beginStorage(bytesAs(tensor, dtype))
        await copy.copy(tensor, sink.write.bind(sink))
        await archive.endStorage()
      }
      await archive.finish()
      await file.assertUnchanged()
    },
    { wantsCrc: true },
  )
  warnOfOverflow(copy.overflowed, context)
  return digest
}

function tensorsOf(
  { file, entries }: MindsporeFile,
  rename: (name: string) => string,
  context: WriteContext,
): StoredTensor[] {
  const tensors = new Map<string, StoredTensor>()
  for (const entry of entries) {
    const tensor = mindsporeTensor(file, entry)
    if (tensor !== undefined) tensors.set(rename(tensor.name), { ...tensor, name: rename(tensor.name) })
    else if (entry.type === STRING_TYPE) context.log(`left out: ${entry.name}, a text`)
    else {
      const { name: tensor, type } = entry
      throw new AppError('mindspore.typeUnsupported', { file: file.path, tensor, type })
    }
  }
  return [...tensors.values()]
}
