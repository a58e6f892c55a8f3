/** Damaged files: whatever the bytes, a reader ends with a value or a coded error, soon and in little memory. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readSafetensors } from '../../../../../engine/checkpoint/formats/safetensors.ts'
import type { StoredTensor } from '../../../../../engine/checkpoint/formats/stored-tensor.ts'
import { readTorch } from '../../../../../engine/checkpoint/formats/torch-read.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'
import { fixture, storedBytes, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

type Reader = (file: RandomFile) => Promise<readonly StoredTensor[]>

const safetensors: Reader = async (file) => (await readSafetensors(file)).tensors
const torch: Reader = async (file) => {
  const opened = await readTorch(file)
  return opened.tensorsOf(opened.root)
}

const shard = readFileSync(fixture('llama2-mha-fp16.mcore.tp2pp2/iter_0000001/mp_rank_00_000/model_optim_rng.pt'))
const model = readFileSync(fixture('llama2-mha-fp16/model-00002-of-00002.safetensors'))
const pickleBytes = 18_200
const directoryBytes = 1_400

/** Where the structure of the file is; the rest are weights, which may be anything. */
const places = (length: number, head: number, tail: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 0, max: head }), fc.integer({ min: length - Math.max(tail, 1), max: length - 1 }))

const change = (place: fc.Arbitrary<number>): fc.Arbitrary<{ at: number; bytes: number[]; cut: boolean }> =>
  fc.record({
    at: place,
    bytes: fc.array(fc.oneof(fc.constantFrom(0, 0xff, 0x80, 0x2e), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
    cut: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
  })

async function survives(reader: Reader, path: string): Promise<void> {
  await using file = await RandomFile.open(path)
  try {
    for (const tensor of await reader(file)) {
      expect(tensor.offset).toBeGreaterThanOrEqual(0)
      // Expanded views may claim any size; real ones are at most as large as the file.
      if (tensor.shape.reduce((a, b) => a * b, 1) < 1_000_000) await storedBytes(tensor)
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
  }
}

describe.each<[string, Buffer, Reader, number, number]>([
  ['safetensors', model, safetensors, Number(model.readBigUInt64LE(0)) + 8, 0],
  ['torch', shard, torch, pickleBytes, directoryBytes],
])('the %s reader', (_name, original, reader, head, tail) => {
  it('survives changed and cut files', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.pt')
    const changes = fc.array(change(places(original.length, head, tail)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const bytes = Buffer.from(original)
        let length = bytes.length
        for (const { at, bytes: values, cut } of list) {
          Buffer.from(values).copy(bytes, at)
          if (cut) length = Math.min(length, at)
        }
        writeFileSync(path, bytes.subarray(0, length))
        await survives(reader, path)
      }),
      { seed: 3, numRuns: Number(process.env['AWB_FUZZ_RUNS'] ?? 150) },
    )
  }, 60_000)

  it('survives noise', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.pt')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (noise) => {
        writeFileSync(path, noise)
        await survives(reader, path)
        // The same behind the signature, so that it gets further.
        writeFileSync(path, Buffer.concat([original.subarray(0, 64), noise, original.subarray(-64)]))
        await survives(reader, path)
      }),
      { seed: 4, numRuns: 100 },
    )
  }, 60_000)
})
