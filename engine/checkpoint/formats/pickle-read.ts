import { AppError } from '../../protocol/errors/index.ts'
import { PickleMachine, type PickleOptions } from './pickle-machine.ts'
import type { PyValue } from './python-values.ts'

/** Far above any real checkpoint (a few MB), far below what hurts. */
export const MAX_PICKLE_BYTES = 64 * 1024 * 1024

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
  const machine = new PickleMachine(bytes, options)
  for (;;) {
    const code = machine.uint(1)
    if (code === STOP) return machine.pop()
    const step = steps.get(code)
    if (step === undefined) throw machine.invalid(`opcode 0x${code.toString(16).padStart(2, '0')}`)
    step(machine)
  }
}

type Step = (machine: PickleMachine) => void

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
