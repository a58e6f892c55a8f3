/** Storages as PyTorch saves them: shared, strided, from any device. Without Debian's python3-torch this is skipped. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { castInto } from '../../engine/checkpoint/casts.ts'
import { elementCount, isWeightDtype } from '../../engine/checkpoint/formats/dtypes.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { readTorch } from '../../engine/checkpoint/formats/torch-read.ts'
import { failure, storedBytes, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'

const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('checkpoint_storages.py', import.meta.url))
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0
if (!hasTorch) console.warn(`skipped: ${python} has no torch (on Debian: apt-get install python3-torch)`)

const save = (...args: string[]): Record<string, number[]> =>
  JSON.parse(execFileSync(python, [script, ...args], { encoding: 'utf8' })) as Record<string, number[]>

async function valuesIn(path: string): Promise<Record<string, number[]>> {
  await using file = await RandomFile.open(path)
  const torch = await readTorch(file)
  const values: Record<string, number[]> = {}
  for (const tensor of torch.tensorsOf(torch.root)) {
    if (!isWeightDtype(tensor.dtype)) throw new Error(tensor.dtype)
    const floats = new Float32Array(elementCount(tensor.shape))
    castInto(await storedBytes(tensor), tensor.dtype, new Uint8Array(floats.buffer), 'fp32')
    values[tensor.name] = [...floats]
  }
  return values
}

describe.skipIf(!hasTorch)('a file of PyTorch', () => {
  it.each([
    ['tagged', 'npu:0'],
    ['tagged', 'npu:7'],
    ['tagged', 'cuda:3'],
    ['protocol', '2'],
    ['protocol', '4'],
    ['protocol', '5'],
  ])('is read as what it holds, %s %s', async (kind, argument) => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.pt')
    const expected = save(kind, argument, path)
    if (kind === 'tagged') {
      await using file = await RandomFile.open(path)
      expect((await file.read(0, file.size)).includes(argument)).toBe(true)
    }
    expect(await valuesIn(path)).toEqual(expected)
  })

  it('of the format before torch 1.6 is refused with a remedy', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'old.pt')
    save('old', path)
    expect(await failure(valuesIn(path))).toEqual({ code: 'checkpoint.notZip', params: { file: path } })
  })
})
