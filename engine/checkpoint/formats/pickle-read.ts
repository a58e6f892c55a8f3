import { AppError } from '../../protocol/errors/index.ts'
import { callGlobal, isAllowedGlobal } from './pickle-globals.ts'
import { PyGlobal, PyObject, PyTuple, type PyValue } from './python-values.ts'

/** Far above any real checkpoint (a few MB), far below what hurts. */
export const MAX_PICKLE_BYTES = 64 * 1024 * 1024
const MAX_CONTAINERS = 1_000_000
/** Values waiting on the stack, and values remembered. */
const MAX_PENDING = 1_000_000
const MAX_PROTOCOL = 5

export interface PickleOptions {
  /** Named in errors. */
  readonly path: string
  /** Resolves a persistent id (torch: a storage); undefined when it makes no sense. */
  readonly persistent: (id: PyValue) => PyValue | undefined
}

/**
 * Reads a pickle of protocol 2 to 5 as plain values. Nothing is imported or executed: globals are names from a closed
 * list, calls are data. Time and memory are bounded by the length of the input and by limits on containers.
 *
 * @throws AppError `checkpoint.pickleInvalid`, `checkpoint.pickleTooLarge`, `checkpoint.globalForbidden`
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): PyValue {
  if (bytes.length > MAX_PICKLE_BYTES) {
    throw new AppError('checkpoint.pickleTooLarge', { file: options.path, field: `${bytes.length} bytes` })
  }
  return new PickleMachine(bytes, options).run()
}

type Step = (machine: PickleMachine) => void

class PickleMachine {
  readonly #data: Buffer
  readonly #options: PickleOptions
  readonly #memo = new Map<number, PyValue>()
  readonly #marks: number[] = []
  readonly #stack: PyValue[] = []
  #at = 0
  #containers = 0

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.#data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#options = options
  }

  run(): PyValue {
    for (;;) {
      const code = this.uint(1)
      if (code === STOP) return this.pop()
      const step = steps.get(code)
      if (step === undefined) throw this.invalid(`opcode 0x${code.toString(16).padStart(2, '0')}`)
      step(this)
    }
  }

  invalid(field: string): AppError {
    return new AppError('checkpoint.pickleInvalid', { file: this.#options.path, offset: this.#at, field })
  }

  /** Counts what takes memory beyond the bytes of the input. */
  container<T>(value: T): T {
    this.bounded(++this.#containers, MAX_CONTAINERS, 'containers')
    return value
  }

  bounded(count: number, limit: number, field: string): void {
    if (count > limit) {
      throw new AppError('checkpoint.pickleTooLarge', { file: this.#options.path, field: `${limit} ${field}` })
    }
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#data.length) throw this.invalid('end of data')
    const part = this.#data.subarray(this.#at, end)
    this.#at = end
    return part
  }

  uint(width: 1 | 2 | 4): number {
    return this.take(width).readUIntLE(0, width)
  }

  uint64(): number {
    const value = this.take(8).readBigUInt64LE(0)
    if (value > BigInt(this.#data.length)) throw this.invalid('length')
    return Number(value)
  }

  line(): string {
    const end = this.#data.indexOf(0x0a, this.#at)
    if (end < 0) throw this.invalid('end of line')
    const text = this.#data.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  /** Little-endian two's complement of any length. */
  long(length: number): PyValue {
    const bytes = this.take(length)
    if (length === 0) return 0
    if (length > 64) throw this.invalid('integer')
    const value = BigInt.asIntN(length * 8, BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`))
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : this.container(value)
  }

  push(value: PyValue): void {
    this.bounded(this.#stack.length, MAX_PENDING, 'stack')
    this.#stack.push(value)
  }

  pop(): PyValue {
    const floor = this.#marks.at(-1) ?? 0
    if (this.#stack.length <= floor) throw this.invalid('empty stack')
    return this.#stack.pop() as PyValue
  }

  top(): PyValue {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.invalid('empty stack')
    return value
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  popMark(): PyValue[] {
    const floor = this.#marks.pop()
    if (floor === undefined) throw this.invalid('mark')
    return this.#stack.splice(floor)
  }

  remember(index: number): void {
    this.#memo.set(index, this.top())
    this.bounded(this.#memo.size, MAX_PENDING, 'memo')
  }

  memoSize(): number {
    return this.#memo.size
  }

  recall(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.invalid(`memo ${index}`)
    this.push(value)
  }

  tuple(items: readonly PyValue[]): void {
    this.push(this.container(new PyTuple(items)))
  }

  popTuple(count: number): void {
    const items: PyValue[] = []
    for (let index = 0; index < count; index++) items.unshift(this.pop())
    this.tuple(items)
  }

  global(module: string, name: string): void {
    const full = `${module} ${name}`
    if (!isAllowedGlobal(full)) {
      throw new AppError('checkpoint.globalForbidden', { file: this.#options.path, name: `${module}.${name}` })
    }
    this.push(this.container(new PyGlobal(full)))
  }

  stackGlobal(): void {
    const name = this.pop()
    const module = this.pop()
    if (typeof module !== 'string' || typeof name !== 'string') throw this.invalid('global')
    this.global(module, name)
  }

  call(): void {
    const args = this.pop()
    const callable = this.pop()
    if (!(callable instanceof PyGlobal) || !(args instanceof PyTuple)) throw this.invalid('call')
    const result = callGlobal(callable.name, args.items)
    if (result === undefined) {
      const name = callable.name.replace(' ', '.')
      throw new AppError('checkpoint.globalForbidden', { file: this.#options.path, name: `${name}(…)` })
    }
    this.push(this.container(result))
  }

  /** Attributes of an object; those of dictionaries and sets (torch keeps `_metadata` there) carry no data. */
  build(): void {
    const state = this.pop()
    const target = this.top()
    if (target instanceof PyObject) target.state = state
    else if (!(target instanceof Map) && !(target instanceof Set)) throw this.invalid('build')
  }

  setItems(items: readonly PyValue[]): void {
    const target = this.top()
    if (!(target instanceof Map) || items.length % 2 !== 0) throw this.invalid('dictionary')
    for (let index = 0; index < items.length; index += 2) {
      target.set(items[index] as PyValue, items[index + 1] as PyValue)
    }
  }

  append(items: readonly PyValue[]): void {
    const target = this.top()
    if (!Array.isArray(target)) throw this.invalid('list')
    for (const item of items) target.push(item)
  }

  addItems(items: readonly PyValue[]): void {
    const target = this.top()
    if (!(target instanceof Set)) throw this.invalid('set')
    for (const item of items) target.add(item)
  }

  persistent(): void {
    const value = this.#options.persistent(this.pop())
    if (value === undefined) throw this.invalid('storage')
    this.push(this.container(value))
  }

  protocol(): void {
    const version = this.uint(1)
    if (version > MAX_PROTOCOL) throw this.invalid(`protocol ${version}`)
  }

  text(length: number): void {
    this.push(this.container(this.take(length).toString('utf8')))
  }

  bytes(length: number): void {
    this.push(this.container(new Uint8Array(this.take(length))))
  }
}

const STOP = 0x2e

/** Opcodes that a binary pickler of protocol 2 to 5 emits, by Python's names. */
const steps = new Map<number, Step>([
  [0x80, (m) => m.protocol()], // PROTO
  [0x95, (m) => void m.uint64()], // FRAME: a hint for streams only
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.take(4).readInt32LE(0))], // BININT
  [0x4b, (m) => m.push(m.uint(1))], // BININT1
  [0x4d, (m) => m.push(m.uint(2))], // BININT2
  [0x8a, (m) => m.push(m.long(m.uint(1)))], // LONG1
  [0x8b, (m) => m.push(m.long(m.uint(4)))], // LONG4
  [0x47, (m) => m.push(m.take(8).readDoubleBE(0))], // BINFLOAT
  [0x55, (m) => m.text(m.uint(1))], // SHORT_BINSTRING
  [0x54, (m) => m.text(m.uint(4))], // BINSTRING
  [0x58, (m) => m.text(m.uint(4))], // BINUNICODE
  [0x8c, (m) => m.text(m.uint(1))], // SHORT_BINUNICODE
  [0x8d, (m) => m.text(m.uint64())], // BINUNICODE8
  [0x43, (m) => m.bytes(m.uint(1))], // SHORT_BINBYTES
  [0x42, (m) => m.bytes(m.uint(4))], // BINBYTES
  [0x8e, (m) => m.bytes(m.uint64())], // BINBYTES8
  [0x96, (m) => m.bytes(m.uint64())], // BYTEARRAY8
  [0x29, (m) => m.tuple([])], // EMPTY_TUPLE
  [0x85, (m) => m.popTuple(1)], // TUPLE1
  [0x86, (m) => m.popTuple(2)], // TUPLE2
  [0x87, (m) => m.popTuple(3)], // TUPLE3
  [0x74, (m) => m.tuple(m.popMark())], // TUPLE
  [0x5d, (m) => m.push(m.container([]))], // EMPTY_LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.push(m.container(new Map()))], // EMPTY_DICT
  [
    0x73,
    (m) => {
      const value = m.pop()
      const key = m.pop()
      m.setItems([key, value])
    },
  ], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x8f, (m) => m.push(m.container(new Set()))], // EMPTY_SET
  [0x90, (m) => m.addItems(m.popMark())], // ADDITEMS
  [0x91, (m) => m.push(m.container(new Set(m.popMark())))], // FROZENSET
  [0x71, (m) => m.remember(m.uint(1))], // BINPUT
  [0x72, (m) => m.remember(m.uint(4))], // LONG_BINPUT
  [0x94, (m) => m.remember(m.memoSize())], // MEMOIZE
  [0x68, (m) => m.recall(m.uint(1))], // BINGET
  [0x6a, (m) => m.recall(m.uint(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.stackGlobal()], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID
])
