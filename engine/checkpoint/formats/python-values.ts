import type { StoredDtype } from './dtypes.ts'

/**
 * Python values as a pickle holds them. A dictionary (also an OrderedDict) is a Map, a list an array, bytes a Uint8Array;
 * what has no counterpart here has a class below.
 */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyValue[]
  | PyDict
  | Set<PyValue>
  | PyTuple
  | PyGlobal
  | PyObject
  | PyStorage
  | PyTensor

export type PyDict = Map<PyValue, PyValue>

export class PyTuple {
  readonly items: readonly PyValue[]
  constructor(items: readonly PyValue[]) {
    this.items = items
  }
}

/** A class or function by its name, `module name`; never more than a name. */
export class PyGlobal {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** An instance of an allowed class of which only the attributes matter. */
export class PyObject {
  readonly type: string
  readonly args: readonly PyValue[]
  state: PyValue = null
  constructor(type: string, args: readonly PyValue[]) {
    this.type = type
    this.args = args
  }
}

/** Raw bytes of a torch file by their key; `dtype` is null for an untyped storage, which counts bytes. */
export class PyStorage {
  readonly key: string
  readonly dtype: StoredDtype | null
  readonly count: number
  constructor(key: string, dtype: StoredDtype | null, count: number) {
    this.key = key
    this.dtype = dtype
    this.count = count
  }
}

/** A view of a storage; offset and strides count elements. */
export class PyTensor {
  readonly storage: PyStorage
  readonly dtype: StoredDtype
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  constructor(
    storage: PyStorage,
    dtype: StoredDtype,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** Attributes of an `argparse.Namespace`, by name; undefined for anything else. */
export function namespaceAttributes(value: PyValue | undefined): ReadonlyMap<string, PyValue> | undefined {
  if (!(value instanceof PyObject) || value.type !== 'argparse Namespace' || !(value.state instanceof Map)) {
    return undefined
  }
  const attributes = new Map<string, PyValue>()
  for (const [name, attribute] of value.state) if (typeof name === 'string') attributes.set(name, attribute)
  return attributes
}
