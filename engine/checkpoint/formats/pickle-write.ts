import { torchNames } from './dtypes.ts'
import { PyGlobal, PyObject, PyTensor, PyTuple, type PyValue } from './python-values.ts'

/** What can be written: plain values, tuples, dictionaries (as `OrderedDict` where asked), Namespaces, enums, tensors. */
export class OrderedDict {
  readonly entries: ReadonlyMap<string, PyWritable>
  constructor(entries: ReadonlyMap<string, PyWritable>) {
    this.entries = entries
  }
}

export type PyWritable =
  | null
  | boolean
  | number
  | string
  | readonly PyWritable[]
  | ReadonlyMap<string, PyWritable>
  | OrderedDict
  | PyTuple
  | PyGlobal
  | PyObject
  | PyTensor
  | PyFloat

/** A number that Python shall see as a float although it is whole. */
export class PyFloat {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/**
 * Pickles values with protocol 2, the one that torch.save uses by default. No memo is written: nothing is shared, and
 * readers do not need it.
 */
export function writePickle(value: PyWritable): Buffer {
  const parts: Buffer[] = [Buffer.from([0x80, 2])]
  write(value, parts)
  parts.push(Buffer.from('.'))
  return Buffer.concat(parts)
}

function write(value: PyWritable, out: Buffer[]): void {
  if (value === null) out.push(op('N'))
  else if (typeof value === 'boolean') out.push(Buffer.from([value ? 0x88 : 0x89]))
  else if (typeof value === 'number') out.push(Number.isSafeInteger(value) ? integer(value) : float(value))
  else if (typeof value === 'string') out.push(text(value))
  else if (value instanceof PyFloat) out.push(float(value.value))
  else if (value instanceof PyGlobal) out.push(global(value.name))
  else if (value instanceof PyTuple) tuple(value.items as readonly PyWritable[], out)
  else if (value instanceof PyTensor) tensor(value, out)
  else if (value instanceof OrderedDict) {
    out.push(global('collections OrderedDict'), op(')R'))
    entries(value.entries, out)
  } else if (value instanceof PyObject) object(value, out)
  else if (value instanceof Map) {
    out.push(op('}'))
    entries(value, out)
  } else list(value as readonly PyWritable[], out)
}

const op = (codes: string): Buffer => Buffer.from(codes, 'latin1')

const global = (name: string): Buffer => Buffer.from(`c${name.replace(' ', '\n')}\n`, 'utf8')

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8')
  const head = Buffer.from([0x58, 0, 0, 0, 0])
  head.writeUInt32LE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function float(value: number): Buffer {
  const bytes = Buffer.from([0x47, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function integer(value: number): Buffer {
  if (value >= 0 && value < 0x100) return Buffer.from([0x4b, value])
  if (value >= 0 && value < 0x10000) return Buffer.from([0x4d, value & 0xff, value >> 8])
  if (value >= -0x80000000 && value < 0x80000000) {
    const bytes = Buffer.from([0x4a, 0, 0, 0, 0])
    bytes.writeInt32LE(value, 1)
    return bytes
  }
  const bytes = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0])
  bytes.writeBigInt64LE(BigInt(value), 2)
  return bytes
}

function entries(map: ReadonlyMap<string, PyWritable>, out: Buffer[]): void {
  if (map.size === 0) return
  out.push(op('('))
  for (const [key, value] of map) {
    out.push(text(key))
    write(value, out)
  }
  out.push(op('u'))
}

function list(items: readonly PyWritable[], out: Buffer[]): void {
  out.push(op(']'))
  if (items.length === 0) return
  out.push(op('('))
  for (const item of items) write(item, out)
  out.push(op('e'))
}

function tuple(items: readonly PyWritable[], out: Buffer[]): void {
  out.push(op('('))
  for (const item of items) write(item, out)
  out.push(op('t'))
}

/** `class(*args)`, then its attributes. */
function object(value: PyObject, out: Buffer[]): void {
  out.push(global(value.type))
  tuple(value.args as readonly PyWritable[], out)
  // A Namespace takes no positional arguments: it is made empty (NEWOBJ) and filled; an enum member is looked up.
  out.push(value.state === null ? op('R') : Buffer.from([0x81]))
  if (value.state === null) return
  write(value.state as PyWritable, out)
  out.push(op('b'))
}

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`. */
function tensor(value: PyTensor, out: Buffer[]): void {
  const { storage, dtype } = value
  out.push(global('torch._utils _rebuild_tensor_v2'), op('('))
  out.push(op('('), text('storage'), global(`torch ${torchNames[dtype].storage}`))
  out.push(text(storage.key), text('cpu'), integer(storage.count), op('tQ'))
  out.push(integer(value.offset))
  tuple(value.shape, out)
  tuple(value.strides, out)
  out.push(Buffer.from([0x89]), global('collections OrderedDict'), op(')RtR'))
}

/** An attribute map as a pickled `argparse.Namespace`. */
export function namespace(attributes: ReadonlyMap<string, PyWritable>): PyObject {
  const value = new PyObject('argparse Namespace', [])
  value.state = attributes as unknown as PyValue
  return value
}
