import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StagedFiles } from '#engine/dataset/writers/staging.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-staging-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The id of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid

async function abandoned(pid: number, files: readonly string[], marker: readonly string[] | null): Promise<string> {
  const left = path.join(folder, `.out.awb-partial-${hostname()}-${pid}`)
  await mkdir(left)
  for (const name of files) await writeFile(path.join(left, name), name)
  if (marker !== null) await writeFile(path.join(left, 'moving.json'), JSON.stringify(marker))
  return left
}

describe('StagedFiles', () => {
  it('moves all files at once and leaves no trace', async () => {
    const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b'])
    await staged.write('a', '1')
    await staged.write('b', '2')
    expect((await readdir(folder)).every((name) => name.startsWith('.'))).toBe(true)
    await staged.commit()
    expect((await readdir(folder)).sort()).toEqual(['a', 'b'])
  })

  it('takes back what it moved when a name was taken meanwhile', async () => {
    const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b'])
    await staged.write('a', '1')
    await staged.write('b', '2')
    await writeFile(path.join(folder, 'b'), 'of somebody else')
    await expect(staged.commit()).rejects.toMatchObject({ code: 'file.exists' })
    await staged.discard()
    expect(await readdir(folder)).toEqual(['b'])
    expect(await readFile(path.join(folder, 'b'), 'utf8')).toBe('of somebody else')
  })

  it('clears what a dead run wrote but did not move', async () => {
    await abandoned(deadPid(), ['a'], null)
    const staged = await StagedFiles.create(path.join(folder, 'out'), ['a'])
    await staged.discard()
    expect(await readdir(folder)).toEqual([])
  })

  it('undoes the move that a kill interrupted', async () => {
    await abandoned(deadPid(), ['b'], ['a', 'b'])
    await writeFile(path.join(folder, 'a'), 'moved already')
    const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b'])
    await staged.discard()
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps what a dead run had moved completely', async () => {
    await abandoned(deadPid(), [], ['a'])
    await writeFile(path.join(folder, 'a'), 'complete')
    await expect(StagedFiles.create(path.join(folder, 'out'), ['a'])).rejects.toMatchObject({ code: 'file.exists' })
    expect(await readdir(folder)).toEqual(['a'])
  })

  it('leaves a running process and other prefixes alone', async () => {
    const running = await abandoned(process.ppid, ['a'], null)
    const other = path.join(folder, `.other.awb-partial-${hostname()}-${deadPid()}`)
    await mkdir(other)
    const staged = await StagedFiles.create(path.join(folder, 'out'), ['a'])
    await staged.discard()
    expect((await readdir(folder)).sort()).toEqual([path.basename(other), path.basename(running)].sort())
  })

  describe('overwriting', () => {
    const older = async (...names: string[]) => {
      for (const name of names) await writeFile(path.join(folder, name), `old ${name}`)
    }
    const read = (name: string) => readFile(path.join(folder, name), 'utf8')

    it('puts new files in the place of old ones, and takes away those without a successor', async () => {
      await older('a', 'rejected', 'other')
      const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b', 'rejected'], { overwrites: true })
      await staged.write('a', 'new a')
      await staged.write('b', 'new b')
      expect(await read('a')).toBe('old a')
      await staged.commit()
      expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'other'])
      expect(await read('a')).toBe('new a')
    })

    it('leaves the old files alone when it is given up', async () => {
      await older('a')
      const staged = await StagedFiles.create(path.join(folder, 'out'), ['a'], { overwrites: true })
      await staged.write('a', 'new a')
      await staged.discard()
      expect(await readdir(folder)).toEqual(['a'])
      expect(await read('a')).toBe('old a')
    })

    it('brings the old files back when a folder is in the way', async () => {
      await older('a', 'rejected')
      const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b', 'rejected'], { overwrites: true })
      await staged.write('a', 'new a')
      await staged.write('b', 'new b')
      await mkdir(path.join(folder, 'b', 'full'), { recursive: true })
      await expect(staged.commit()).rejects.toMatchObject({ code: 'file.exists' })
      await staged.discard()
      expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'rejected'])
      expect(await read('a')).toBe('old a')
    })

    it('brings them back after a kill in the middle of the move', async () => {
      const left = await abandoned(deadPid(), ['b'], ['a', 'b'])
      await mkdir(path.join(left, 'replaced'))
      for (const name of ['a', 'b', 'rejected']) await writeFile(path.join(left, 'replaced', name), `old ${name}`)
      await writeFile(path.join(folder, 'a'), 'new a')
      await writeFile(path.join(folder, 'b'), 'old b')
      const staged = await StagedFiles.create(path.join(folder, 'out'), ['a', 'b', 'rejected'], { overwrites: true })
      await staged.discard()
      expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'rejected'])
      expect(await read('a')).toBe('old a')
    })
  })
})
