import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openIndexedDataset } from '#engine/dataset/indexed/read.ts'
import { EMPTY_DOCUMENT } from '#engine/dataset/indexed/write.ts'
import { PackingWriter } from '#engine/dataset/packing/packing-writer.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-packing-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function packed(isCompat: boolean, signal = new AbortController().signal, parts = 1): Promise<number[][][]> {
  const stems = ['ids', 'mask', 'labels'].map((name) => path.join(folder, name))
  const writer = await PackingWriter.create({
    stems,
    waiting: path.join(folder, 'w'),
    seqLength: 6,
    parts,
    isCompat,
    signal,
  })
  try {
    const columns = (lengths: number[], ids: number[], labels: number[]) =>
      [ids, null, labels].map((tokens) => ({
        tokens: tokens === null ? null : Int32Array.from(tokens),
        lengths: Int32Array.from(lengths),
      }))
    writer.addDocuments(columns([3, 2], [11, 12, 13, 21, 22], [-100, 12, 13, -100, 22]))
    writer.addDocuments(columns([EMPTY_DOCUMENT, 4], [31, 32, 33, 34], [-100, -100, 33, 34]))
    await writer.flush()
    await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  }
  const found: number[][][] = []
  for (const stem of stems) {
    const dataset = await openIndexedDataset(stem)
    expect(dataset.documents).toBe(dataset.length)
    found.push(await Promise.all([0, 1].map(async (i) => [...(await dataset.sequence(i))])))
    await dataset.close()
  }
  return found
}

describe('PackingWriter', () => {
  it('joins ids and labels, and pads', async () => {
    // The capacity is 5: the one with 4 alone, then 3 and 2.
    expect(await packed(false)).toEqual([
      [
        [31, 32, 33, 34, 0, 0],
        [11, 12, 13, 21, 22, 0],
      ],
      [
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1],
      ],
      [
        [-100, -100, 33, 34, -100, -100],
        [-100, 12, 13, -100, 22, -100],
      ],
    ])
    expect((await readdir(folder)).sort()).toEqual(['ids', 'labels', 'mask'].flatMap((n) => [`${n}.bin`, `${n}.idx`]))
  })

  it('fills mask and labels with ids where the original does', async () => {
    const [, mask, labels] = await packed(true)
    expect(mask).toEqual([
      [31, 32, 33, 34, 1, 1],
      [11, 12, 13, 21, 22, 1],
    ])
    expect(labels).toEqual([
      [31, 32, 33, 34, -100, -100],
      [11, 12, 13, 21, 22, -100],
    ])
  })

  it('packs parts of the rows by themselves', async () => {
    // Four rows in two parts, the one that is too long among them.
    const [ids] = await packed(true, undefined, 2)
    expect(ids).toEqual([
      [11, 12, 13, 21, 22, 0],
      [31, 32, 33, 34, 0, 0],
    ])
  })

  it('stops when asked to', async () => {
    await expect(packed(false, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })
})
