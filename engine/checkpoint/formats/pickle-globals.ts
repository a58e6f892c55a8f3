import { fromTorchDtype, fromTorchStorage } from './dtypes.ts'
import { PyGlobal, PyObject, PyStorage, PyTensor, PyTuple, type PyValue } from './python-values.ts'

/** What calling a global with these arguments gives; undefined when the arguments make no sense. */
export type PyCall = (args: readonly PyValue[]) => PyValue | undefined

/** An object that carries its arguments along: nothing here needs to look inside. */
const opaque =
  (name: string): PyCall =>
  (args) =>
    new PyObject(name, args)

/** Far more axes than torch allows. */
const MAX_AXES = 64

const integers = (value: PyValue | undefined): number[] | undefined => {
  const items = value instanceof PyTuple ? value.items : value instanceof PyObject ? sizeItems(value) : undefined
  if (items === undefined || items.length > MAX_AXES) return undefined
  return items.every((item): item is number => typeof item === 'number' && Number.isSafeInteger(item) && item >= 0)
    ? [...items]
    : undefined
}

/** `torch.Size((2, 3))`. */
const sizeItems = (value: PyObject): readonly PyValue[] | undefined =>
  value.type === 'torch Size' && value.args[0] instanceof PyTuple ? value.args[0].items : undefined

/** (storage, offset, size, stride, ...), with the dtype in `args[6]` for `_rebuild_tensor_v3`. */
const rebuildTensor: PyCall = ([storage, offset, size, stride, , , dtype]) => {
  const shape = integers(size)
  const strides = integers(stride)
  if (!(storage instanceof PyStorage) || typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) {
    return undefined
  }
  const named = dtype instanceof PyGlobal ? fromTorchDtype.get(dtype.name.replace(/^torch /, '')) : undefined
  const element = storage.dtype ?? named
  if (element === undefined || shape === undefined || strides?.length !== shape.length) return undefined
  return new PyTensor(storage, element, offset, shape, strides)
}

const modelTypeNames = ['encoder_or_decoder', 'encoder_and_decoder', 'retro_encoder', 'retro_decoder']
const modelType = 'megatron.core.enums ModelType'

/** Newer Pythons pickle an enum member as getattr(class, name); that is the only use allowed. */
const getattrOfModelType: PyCall = ([owner, name]) =>
  owner instanceof PyGlobal && owner.name === modelType && typeof name === 'string' && modelTypeNames.includes(name)
    ? new PyObject(modelType, [modelTypeNames.indexOf(name) + 1])
    : undefined

/** `_codecs.encode(text, 'latin1')`: how protocol 2 writes bytes. */
const encodeLatin1: PyCall = ([text, encoding]) =>
  typeof text === 'string' && (encoding === 'latin1' || encoding === 'latin-1')
    ? new Uint8Array(Buffer.from(text, 'latin1'))
    : undefined

const emptyOr =
  <T extends PyValue>(empty: () => T, filled: (items: readonly PyValue[]) => T): PyCall =>
  ([items]) => {
    if (items === undefined) return empty()
    if (items instanceof PyTuple) return filled(items.items)
    return Array.isArray(items) ? filled(items) : undefined
  }

const orderedDict = emptyOr(
  () => new Map<PyValue, PyValue>(),
  (pairs) =>
    new Map(
      pairs.map((pair): [PyValue, PyValue] => {
        const [key, value] = pair instanceof PyTuple ? pair.items : Array.isArray(pair) ? pair : []
        return [key ?? null, value ?? null]
      }),
    ),
)

const set = emptyOr(
  () => new Set<PyValue>(),
  (items) => new Set(items),
)

const calls: Record<string, PyCall> = {
  'argparse Namespace': opaque('argparse Namespace'),
  'collections OrderedDict': orderedDict,
  'torch._utils _rebuild_tensor': rebuildTensor,
  'torch._utils _rebuild_tensor_v2': rebuildTensor,
  'torch._utils _rebuild_tensor_v3': rebuildTensor,
  'torch._utils _rebuild_parameter': ([tensor]) => tensor,
  // Tensors that were on an NPU when an older torch_npu saved them; the last argument is a device format.
  'torch_npu.utils.storage _rebuild_npu_tensor': (args) => rebuildTensor(args.slice(0, 6)),
  'torch Size': opaque('torch Size'),
  'torch device': opaque('torch device'),
  [modelType]: opaque(modelType),
  '_codecs encode': encodeLatin1,
}
for (const builtins of ['builtins', '__builtin__']) {
  calls[`${builtins} getattr`] = getattrOfModelType
  calls[`${builtins} set`] = set
  calls[`${builtins} frozenset`] = set
  calls[`${builtins} bytearray`] = opaque('bytearray')
  calls[`${builtins} complex`] = opaque('complex')
  calls[`${builtins} slice`] = opaque('slice')
}
for (const core of ['numpy.core', 'numpy._core']) {
  calls[`${core}.multiarray _reconstruct`] = opaque('numpy ndarray')
  calls[`${core}.multiarray scalar`] = opaque('numpy scalar')
}
calls['numpy dtype'] = opaque('numpy dtype')

/** Names that may stand for themselves (as a dtype, a storage type, a class argument) but are never called. */
const names = new Set<string>(['numpy ndarray', 'torch.storage UntypedStorage', 'torch UntypedStorage'])
for (const dtype of fromTorchDtype.keys()) names.add(`torch ${dtype}`)
for (const storage of fromTorchStorage.keys()) {
  names.add(`torch ${storage}`)
  names.add(`torch.cuda ${storage}`)
  names.add(`torch_npu.npu ${storage}`)
}

export const isAllowedGlobal = (name: string): boolean => names.has(name) || Object.hasOwn(calls, name)

/** Calls an allowed global; undefined when it cannot be called like that. */
export const callGlobal = (name: string, args: readonly PyValue[]): PyValue | undefined =>
  Object.hasOwn(calls, name) ? calls[name]?.(args) : undefined
