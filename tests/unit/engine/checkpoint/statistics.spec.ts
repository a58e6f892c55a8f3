import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectCheckpoint, storedStatistics } from '../../../../engine/checkpoint/inspect.ts'
import { castInto } from '../../../../engine/checkpoint/casts.ts'
import { dtypeBytes, type StoredDtype } from '../../../../engine/checkpoint/formats/dtypes.ts'
import { RandomFile } from '../../../../engine/checkpoint/formats/random-file.ts'
import { contiguousStrides } from '../../../../engine/checkpoint/formats/stored-tensor.ts'
import { tensorStatistics } from '../../../../engine/checkpoint/statistics.ts'
import type { TensorStatistics } from '../../../../engine/protocol/checkpoints.ts'
import { failure, fixture, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'

async function statisticsOf(
  bytes: Uint8Array,
  dtype: StoredDtype,
  shape: number[],
  bins?: number,
): Promise<TensorStatistics> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'bytes')
  writeFileSync(path, bytes)
  await using file = await RandomFile.open(path)
  const tensor = { name: 'x', shape, dtype, file, offset: 0, strides: contiguousStrides(shape) }
  return await tensorStatistics(tensor, { bins })
}

const fp32 = (values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

function half(values: number[], dtype: 'fp16' | 'bf16'): Uint8Array {
  const into = new Uint8Array(new ArrayBuffer(values.length * 2))
  castInto(fp32(values), 'fp32', into, dtype)
  return into
}

describe('tensorStatistics', () => {
  const values = [-2, -1, 0, 0, 1, 4, NaN, Infinity, -Infinity, -Infinity]
  const expected = {
    elements: 10,
    nan: 1,
    positiveInfinity: 1,
    negativeInfinity: 2,
    zeros: 2,
    min: -2,
    max: 4,
    mean: expect.closeTo(1 / 3, 12),
    deviation: expect.closeTo(Math.sqrt(22 / 6 - 1 / 9), 12),
    histogram: [
      { from: -2, to: 0, count: 2 },
      { from: 0, to: 2, count: 3 },
      { from: 2, to: 4, count: 1 },
    ],
  }

  it.each<[StoredDtype, Uint8Array]>([
    ['fp32', fp32(values)],
    ['fp16', half(values, 'fp16')],
    ['bf16', half(values, 'bf16')],
    ['fp64', new Uint8Array(Float64Array.from(values).buffer)],
  ])('counts what is finite and what is not: %s', async (dtype, bytes) => {
    expect(await statisticsOf(bytes, dtype, [2, 5], 3)).toEqual(expected)
  })

  it.each<[StoredDtype, Uint8Array]>([
    ['int64', new Uint8Array(BigInt64Array.from([-3n, 5n]).buffer)],
    ['int32', new Uint8Array(Int32Array.from([-3, 5]).buffer)],
    ['int16', new Uint8Array(Int16Array.from([-3, 5]).buffer)],
    ['int8', new Uint8Array(Int8Array.from([-3, 5]).buffer)],
  ])('reads whole numbers: %s', async (dtype, bytes) => {
    const { min, max, mean, elements } = await statisticsOf(bytes, dtype, [2])
    expect({ min, max, mean, elements }).toEqual({ min: -3, max: 5, mean: 1, elements: 2 })
    expect(bytes.length).toBe(2 * dtypeBytes[dtype])
  })

  it('has no extremes where nothing is finite, and one full bin where all is equal', async () => {
    const nothing = await statisticsOf(fp32([NaN, NaN]), 'fp32', [2])
    expect(nothing).toMatchObject({ nan: 2, min: null, max: null, mean: null, deviation: null, histogram: [] })
    const { histogram, deviation } = await statisticsOf(fp32([7, 7, 7]), 'fp32', [3], 3)
    expect(deviation).toBe(0)
    expect(histogram.map(({ count }) => count)).toEqual([0, 3, 0])
    const empty = await statisticsOf(new Uint8Array(0), 'fp32', [0, 4])
    expect(empty).toMatchObject({ elements: 0, min: null, histogram: [] })
  })

  it('does not overflow between the ends of fp64', async () => {
    const wide = new Uint8Array(Float64Array.from([-1.7e308, 1.7e308]).buffer)
    const { histogram } = await statisticsOf(wide, 'fp64', [2], 4)
    expect(histogram.map(({ count }) => count)).toEqual([1, 0, 0, 1])
    expect(histogram.every(({ from, to }) => Number.isFinite(from) && Number.isFinite(to))).toBe(true)
  })

  it('agrees with a plain computation over more than one buffer', async () => {
    const many = Array.from({ length: 3_000_000 }, (_, index) => Math.fround(Math.sin(index) * 0.02 + 0.001))
    const { mean, min, max, histogram } = await statisticsOf(fp32(many), 'fp32', [3000, 1000], 10)
    expect(mean).toBeCloseTo(many.reduce((sum, value) => sum + value, 0) / many.length, 12)
    expect([min, max]).toEqual([many.reduce((a, b) => Math.min(a, b)), many.reduce((a, b) => Math.max(a, b))])
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(many.length)
  })
})

describe('storedStatistics', () => {
  const path = fixture('llama2-mha-fp16.mcore.tp2pp2')

  it('takes the tensor of the file that is named, for ranks share names', async () => {
    const { tensors } = await inspectCheckpoint(path)
    const name = 'embedding.word_embeddings.weight'
    const places = tensors.filter((tensor) => tensor.name === name)
    expect(places).toHaveLength(2)
    const found = await Promise.all(places.map(({ file }) => storedStatistics(path, { file, name })))
    expect(found[0]!.elements).toBe(places[0]!.shape.reduce((product, size) => product * size, 1))
    expect(found[0]!.mean).not.toBe(found[1]!.mean)
  })

  it('can be cancelled, and names a tensor that is not there', async () => {
    const { file, name } = (await inspectCheckpoint(path)).tensors[0]!
    const stopped = storedStatistics(path, { file, name, signal: AbortSignal.abort() })
    expect((await failure(stopped)).code).toBe('cancelled')
    const missing = storedStatistics(path, { file, name: 'nothing' })
    expect(await failure(missing)).toMatchObject({ code: 'checkpoint.tensorMissing', params: { tensor: 'nothing' } })
  })
})
