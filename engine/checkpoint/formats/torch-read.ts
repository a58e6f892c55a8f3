import { basename } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { dtypeBytes, fromTorchStorage } from './dtypes.ts'
import { MAX_PICKLE_BYTES, readPickle } from './pickle-read.ts'
import { PyGlobal, PyStorage, PyTensor, PyTuple, type PyValue } from './python-values.ts'
import type { RandomFile } from './random-file.ts'
import type { StoredTensor } from './stored-tensor.ts'
import { readZipDirectory, type ZipEntry } from './zip-read.ts'

/** Dictionaries nested deeper than this hold no weights. */
const MAX_DEPTH = 16
/** A dictionary that contains another one many times over could otherwise be walked for ever. */
const MAX_NODES = 1_000_000

/** Names are parts of paths, each many times shorter than this. */
const MAX_NAME_LENGTH = 4096

/** A file of torch.save: its structure is read, its tensors stay on disk. */
export interface TorchFile {
  readonly root: PyValue
  /** Tensors below a value of the structure, named by their path in it; None entries are skipped. */
  tensorsOf(value: PyValue | undefined): StoredTensor[]
}

/**
 * Opens a zip file written by torch.save, of any torch since 1.6 and from any device.
 *
 * @throws AppError `checkpoint.notZip`, `checkpoint.bigEndian`, `checkpoint.zipInvalid`, `checkpoint.pickle*`,
 *   `checkpoint.globalForbidden`, `checkpoint.truncated`
 */
export async function readTorch(file: RandomFile): Promise<TorchFile> {
  const members = await readZipDirectory(file)
  const root = rootFolder(file, members)
  const byteorder = members.get(`${root}/byteorder`)
  if (byteorder !== undefined && byteorder.bytes <= 16) {
    const order = (await file.read(byteorder.offset, byteorder.bytes)).toString('latin1').trim()
    if (order === 'big') throw new AppError('checkpoint.bigEndian', { file: file.path })
  }
  const pickle = members.get(`${root}/data.pkl`) as ZipEntry
  if (pickle.bytes > MAX_PICKLE_BYTES) {
    throw new AppError('checkpoint.pickleTooLarge', { file: file.path, field: `${pickle.bytes} bytes` })
  }
  const structure = readPickle(await file.read(pickle.offset, pickle.bytes), {
    path: file.path,
    persistent: resolveStorage,
  })
  return { root: structure, tensorsOf: (value) => collect(file, members, root, value) }
}

/** The archive's folder is named after the file it was first written to; a renamed file keeps the old one. */
function rootFolder(file: RandomFile, members: ReadonlyMap<string, ZipEntry>): string {
  const expected = basename(file.path).replace(/\.[^.]*$/, '')
  if (members.has(`${expected}/data.pkl`)) return expected
  for (const name of members.keys()) if (/^[^/]*\/data\.pkl$/.test(name)) return name.slice(0, -'/data.pkl'.length)
  throw new AppError('checkpoint.zipInvalid', { file: file.path, field: 'data.pkl' })
}

/** `('storage', type, key, location, count)`; the location says on which device it was and does not matter here. */
function resolveStorage(id: PyValue): PyValue | undefined {
  if (!(id instanceof PyTuple)) return undefined
  const [tag, type, key, , count] = id.items
  if (tag !== 'storage' || !(type instanceof PyGlobal) || typeof key !== 'string') return undefined
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) return undefined
  const name = type.name.slice(type.name.indexOf(' ') + 1)
  return new PyStorage(key, fromTorchStorage.get(name) ?? null, count)
}

function collect(
  file: RandomFile,
  members: ReadonlyMap<string, ZipEntry>,
  root: string,
  value: PyValue | undefined,
): StoredTensor[] {
  const tensors: StoredTensor[] = []
  let nodes = 0
  const walk = (node: PyValue | undefined, path: string, depth: number): void => {
    if (++nodes > MAX_NODES) {
      throw new AppError('checkpoint.pickleTooLarge', { file: file.path, field: `${MAX_NODES} entries` })
    }
    if (node instanceof PyTensor) tensors.push(locate(file, members, root, node, path))
    else if (node instanceof Map && depth < MAX_DEPTH) {
      for (const [key, child] of node) {
        const name = nameOf(key)
        if (path.length + name.length > MAX_NAME_LENGTH) {
          throw new AppError('checkpoint.pickleTooLarge', { file: file.path, field: `${MAX_NAME_LENGTH} characters` })
        }
        walk(child, path === '' ? name : `${path}/${name}`, depth + 1)
      }
    }
  }
  walk(value, '', 0)
  return tensors
}

/** Keys are texts or numbers; what else may be one names no weights. */
const nameOf = (key: PyValue): string =>
  typeof key === 'string' ? key : typeof key === 'number' || typeof key === 'bigint' ? `${key}` : '?'

function locate(
  file: RandomFile,
  members: ReadonlyMap<string, ZipEntry>,
  root: string,
  tensor: PyTensor,
  name: string,
): StoredTensor {
  const { storage, dtype, offset, shape, strides } = tensor
  const size = dtypeBytes[dtype]
  const member = members.get(`${root}/data/${storage.key}`)
  if (member === undefined) {
    throw new AppError('checkpoint.zipInvalid', { file: file.path, field: `data/${storage.key}` })
  }
  const storageBytes = storage.count * (storage.dtype === null ? 1 : dtypeBytes[storage.dtype])
  const isEmpty = shape.includes(0)
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * (strides[axis] ?? 0), offset)
  const end = isEmpty ? 0 : (last + 1) * size
  if (end > Math.min(storageBytes, member.bytes)) {
    throw new AppError('checkpoint.tensorRange', { file: file.path, tensor: name })
  }
  return { name, shape, dtype, file, offset: member.offset + offset * size, strides }
}
