import { AppError } from '../../protocol/errors/index.ts'
import { callGlobal, isAllowedGlobal } from './pickle-globals.ts'
import { PyGlobal, PyObject, PyTuple, type PyValue } from './python-values.ts'

const MAX_CONTAINERS = 1_000_000
/** Values waiting on the stack, and values remembered. */
const MAX_PENDING = 1_000_000
/** Everything that ever lies on the stack or in a copy: a byte of the input may stand for a whole list. */
const MAX_VALUES = 8_000_000
/** Bytes that calls make, beside those of the input. */
const MAX_MADE_BYTES = 64 * 1024 * 1024
const MAX_PROTOCOL = 5

export interface PickleOptions {
  /** Named in errors. */
  readonly path: string
  /** Resolves a persistent id (torch: a storage); undefined when it makes no sense. */
  readonly persistent: (id: PyValue) => PyValue | undefined
}

/** Stack, marks and memo of a pickle that is being read, and what the opcodes do to them. */
export class PickleMachine {
  readonly #data: Buffer
  readonly #options: PickleOptions
  readonly #memo = new Map<number, PyValue>()
  readonly #marks: number[] = []
  readonly #stack: PyValue[] = []
  #at = 0
  #containers = 0
  #values = 0
  #madeBytes = 0

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.#data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#options = options
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
    this.bounded(++this.#values, MAX_VALUES, 'values')
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
    this.bounded(this.#marks.length, MAX_PENDING, 'marks')
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
    this.#weigh(result)
    this.push(this.container(result))
  }

  /** A call may copy a list that stands in the input once any number of times. */
  #weigh(result: PyValue): void {
    if (result instanceof Uint8Array) this.#madeBytes += result.length
    else if (result instanceof Map || result instanceof Set) this.#values += result.size
    this.bounded(this.#madeBytes, MAX_MADE_BYTES, 'bytes')
    this.bounded(this.#values, MAX_VALUES, 'values')
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
