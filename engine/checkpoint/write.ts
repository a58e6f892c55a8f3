import { mkdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { FamilyDefinition } from '../protocol/family.ts'
import type { CheckpointPassport, Dtype, ModelShape } from '../protocol/passport.ts'
import { version } from '../version.ts'
import { findAssets, isFile, tokenizerFiles } from './assets.ts'
import type { TensorSource } from './checkpoint.ts'
import { configFor, readConfig, type ConfigJson } from './hf-config.ts'
import { canonicalNames } from './layouts/description.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { PASSPORT_FILE, predominantDtype } from './open.ts'
import { fillFolderAtomically, assertVacant } from './writing/atomic-folder.ts'
import { fillExistingFolder } from './writing/existing-folder.ts'
import { writeSmallFile, type FileDigest } from '../host/writing/file-sink.ts'
import { huggingFaceWriter } from './writing/hf.ts'
import { megatronWriter } from './writing/megatron.ts'
import { mindsporeWriter } from './writing/mindspore.ts'
import type { TargetWriter, WriterOptions, WriteTarget } from './writing/target.ts'
import type { WriteContext } from './writing/tensor-stream.ts'
import { writeFiles } from './writing/write-files.ts'

/** Room for headers, pickles and the tokenizer when the free space is checked. */
const OVERHEAD_BYTES = 256 * 1024

export interface WriteRequest {
  readonly source: TensorSource
  /** Folder that does not exist yet, or is empty. */
  readonly output: string
  readonly target: WriteTarget
  /** Default: the dtype of most of the source. */
  readonly dtype?: Dtype | undefined
  /** Megatron only; default 1, as for every converted model. */
  readonly iteration?: number | undefined
  /** The output may hold other things, and an older checkpoint that is replaced; default: it must be vacant. */
  readonly intoExisting?: boolean | undefined
  /** Folder below the output that the whole checkpoint goes to. */
  readonly subfolder?: string | undefined
  /** Which files of the source's assets go along; default all. */
  readonly assets?: 'all' | 'config' | 'none' | undefined
  /** Rows of the vocabulary that are no padding, where the source counts padded ones as vocabulary. */
  readonly trueVocab?: number | undefined
  /** Folder whose config.json, generation_config.json and tokenizer go along; any layout's folder will do. */
  readonly assetsFrom?: string | undefined
  /** Threads that write; default: one for each core, at most four, and none of their own for small models. */
  readonly threads?: number | undefined
  readonly origin?: CheckpointPassport['source']
  readonly training?: CheckpointPassport['training']
  readonly context?: WriteContext | undefined
  /** Called when all tensors are written and before the output appears; throwing keeps it from appearing. */
  readonly beforePublish?: (() => Promise<void>) | undefined
}

/**
 * Writes a checkpoint from canonical tensors, streaming in bounded memory, casting where the dtype differs. The output
 * appears complete, with its passport, or not at all.
 *
 * @throws AppError `file.exists`, `file.full`, `file.denied`, `cancelled`, `checkpoint.tensorMissing`, and those of the
 *   target (`checkpoint.tpHeads`, ...)
 */
export async function writeCheckpoint(request: WriteRequest): Promise<CheckpointPassport> {
  const { source, output, context } = request
  const dtype = request.dtype ?? predominantDtype(source.tensors.values())
  assertWhole(source, request.origin?.path ?? source.model.family)
  const trueVocab = request.trueVocab ?? source.model.vocab
  const family = (await knownFamilies()).get(source.model.family)
  const options = { model: source.model, family, dtype, iteration: request.iteration ?? 1, trueVocab }
  const writer = writerFor(request.target, options)
  if (request.intoExisting !== true) await assertVacant(output)
  const model = { ...source.model, vocab: trueVocab }
  const assets = await collectAssets(model, family, dtype, request.assetsFrom, request.assets ?? 'all')
  const place = request.intoExisting === true ? fillExistingFolder : fillFolderAtomically
  return place(output, writer.totalBytes + OVERHEAD_BYTES + assets.bytes, async (root) => {
    const folder = join(root, request.subfolder ?? '')
    await mkdir(folder, { recursive: true })
    const { groups, totalBytes } = writer
    const { threads } = request
    const { digests, overflows } = await writeFiles({ folder, groups, source, dtype, totalBytes, threads, context })
    for (const [name, content] of writer.last) digests.set(name, await writeSmallFile(join(folder, name), content))
    reportOverflows(overflows, context)
    await request.beforePublish?.()
    if (assets.files.size > 0) await mkdir(join(folder, writer.assetsFolder), { recursive: true })
    for (const [name, content] of assets.files) {
      const path = posix.join(writer.assetsFolder, name)
      digests.set(path, await writeSmallFile(join(folder, path), content))
    }
    const passport = makePassport(request, writer, model, dtype, digests)
    await writeSmallFile(join(folder, PASSPORT_FILE), `${JSON.stringify(passport, null, 2)}\n`)
    if (context?.signal.aborted === true) throw new AppError('cancelled')
    return passport
  })
}

/**
 * Bytes that `writeCheckpoint` would write for a model, small files apart.
 *
 * @throws AppError those of the target (`checkpoint.tpHeads`, ...)
 */
export const bytesOfTarget = (target: WriteTarget, options: WriterOptions): number =>
  writerFor(target, options).totalBytes

function assertWhole(source: TensorSource, path: string): void {
  for (const tensor of canonicalNames(source.model)) {
    if (!source.tensors.has(tensor)) throw new AppError('checkpoint.tensorMissing', { path, tensor })
  }
}

function writerFor(target: WriteTarget, options: WriterOptions): TargetWriter {
  switch (target.layout) {
    case 'hf':
      return huggingFaceWriter(options)
    case 'mcore':
    case 'legacy':
      return megatronWriter(options, target)
    case 'mindspore':
      return mindsporeWriter(options)
  }
}

interface Assets {
  readonly files: ReadonlyMap<string, string | Uint8Array>
  readonly bytes: number
}

/** config.json for the new dtype, and the other files as they are. */
async function collectAssets(
  model: ModelShape,
  family: FamilyDefinition,
  dtype: Dtype,
  from: string | undefined,
  extent: 'all' | 'config' | 'none',
): Promise<Assets> {
  const files = new Map<string, string | Uint8Array>()
  if (extent === 'none') return { files, bytes: 0 }
  const folder = from === undefined ? undefined : await findAssets(from)
  const configPath = folder === undefined ? undefined : join(folder, 'config.json')
  const isKnown = configPath !== undefined && (await isFile(configPath))
  const original: ConfigJson | undefined = isKnown ? await readConfig(configPath) : undefined
  files.set('config.json', `${JSON.stringify(configFor(model, dtype, original, family), null, 2)}\n`)
  if (folder !== undefined) {
    for (const name of ['generation_config.json', ...(extent === 'all' ? tokenizerFiles : [])]) {
      const path = join(folder, name)
      if (await isFile(path)) files.set(name, await readFile(path))
    }
  }
  let bytes = 0
  for (const content of files.values()) bytes += content.length
  return { files, bytes }
}

/** Says how many finite values became infinite, by tensor, if any did. */
export function reportOverflows(overflows: ReadonlyMap<string, number>, context: WriteContext | undefined): void {
  if (overflows.size === 0) return
  const [worst] = [...overflows].sort((a, b) => b[1] - a[1])
  const total = [...overflows.values()].reduce((sum, count) => sum + count, 0)
  context?.log(
    `warning: ${total} values in ${overflows.size} tensors became infinite, most in ${worst?.[0] ?? ''}: ` +
      'they are too large for the target dtype; convert to bf16 or fp32 instead',
  )
}

/** The tokenizer's identity: the digest of the one file that defines it. */
function tokenizerHash(digests: ReadonlyMap<string, FileDigest>, folder: string): string | undefined {
  for (const name of tokenizerFiles.slice(0, 2)) {
    const digest = digests.get(posix.join(folder, name))
    if (digest !== undefined) return digest.sha256
  }
  return undefined
}

function makePassport(
  request: WriteRequest,
  writer: TargetWriter,
  model: ModelShape,
  dtype: Dtype,
  digests: ReadonlyMap<string, FileDigest>,
): CheckpointPassport {
  const hash = tokenizerHash(digests, writer.assetsFolder)
  return {
    passport: 1,
    kind: 'checkpoint',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    model,
    layout: writer.layout,
    tp: writer.tp,
    pp: writer.pp,
    vpp: writer.vpp,
    dtype,
    tensorCount: writer.tensorCount,
    totalBytes: writer.totalBytes,
    files: Object.fromEntries(digests),
    ...(request.origin === undefined ? {} : { source: request.origin }),
    ...(hash === undefined ? {} : { tokenizerHash: hash }),
    ...(request.training === undefined ? {} : { training: request.training }),
  }
}
