import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SpilledNumbers } from '#engine/dataset/writers/spilled-numbers.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-spilled-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('SpilledNumbers', () => {
  it.each([0, 5, 65_536, 200_001])('gives back %i numbers in order, more than once', (count) => {
    const numbers = new SpilledNumbers(path.join(folder, 'numbers'))
    for (let i = 0; i < count; i++) numbers.push(i * 3 - 7)
    for (let pass = 0; pass < 2; pass++) {
      let at = 0
      for (const block of numbers.blocks()) for (const value of block) if (value !== at++ * 3 - 7) at = Number.NaN
      expect(at).toBe(count)
    }
    expect(numbers.length).toBe(count)
    numbers.close()
  })

  it('makes its file when it is needed, and removes it', async () => {
    const numbers = new SpilledNumbers(path.join(folder, 'numbers'))
    for (let i = 0; i < 65_535; i++) numbers.push(i)
    expect(await readdir(folder)).toEqual([])
    numbers.push(1)
    expect(await readdir(folder)).toEqual(['numbers'])
    numbers.close()
    expect(await readdir(folder)).toEqual([])
  })
})
