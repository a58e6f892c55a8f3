import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { fillExistingFolder } from '../../../../../engine/checkpoint/writing/existing-folder.ts'
import { partialPath } from '../../../../../engine/checkpoint/writing/partial.ts'
import { failure, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

const write = (folder: string, name: string, text: string): void => writeFileSync(join(folder, name), text)

it('replaces entries of the same name and leaves the others', async () => {
  using folder = temporaryFolder()
  write(folder.path, 'mine', 'old')
  write(folder.path, 'other', 'other')
  const result = await fillExistingFolder(folder.path, 0, (fresh) => {
    write(fresh, 'mine', 'new')
    return Promise.resolve(7)
  })
  expect(result).toBe(7)
  expect(readdirSync(folder.path).sort()).toEqual(['mine', 'other'])
  expect(readFileSync(join(folder.path, 'mine'), 'utf8')).toBe('new')
})

it('leaves everything as it was when filling fails', async () => {
  using folder = temporaryFolder()
  const old = join(folder.path, 'old')
  mkdirSync(old)
  write(old, 'mine', 'old')
  const fail = (fresh: string): Promise<never> => {
    write(fresh, 'mine', 'new')
    return Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
  }
  expect(await failure(fillExistingFolder(old, 0, fail))).toEqual({ code: 'file.full', params: { path: old } })
  expect(readdirSync(old)).toEqual(['mine'])
  expect(readFileSync(join(old, 'mine'), 'utf8')).toBe('old')
  const fresh = join(folder.path, 'fresh')
  expect((await failure(fillExistingFolder(fresh, 0, fail))).code).toBe('file.full')
  expect(existsSync(fresh)).toBe(false)
})

it('refuses what does not fit on the disk', async () => {
  using folder = temporaryFolder()
  const { code } = await failure(fillExistingFolder(join(folder.path, 'new'), 2 ** 60, () => Promise.resolve()))
  expect(code).toBe('file.full')
  expect(readdirSync(folder.path)).toEqual([])
})

/** What a process that is no longer there would have named its own. */
async function leftBehind(folder: string): Promise<string> {
  const { pid } = spawnSync(process.execPath, ['--version'])
  return (await partialPath(folder, '')).replace(`-${process.pid}-`, `-${pid}-`)
}

it('gives back what a killed process had taken away, and removes the rest of it', async () => {
  using folder = temporaryFolder()
  const left = await leftBehind(folder.path)
  const [fresh, old] = [join(left, 'new'), join(left, 'old')]
  for (const path of [fresh, old]) mkdirSync(path, { recursive: true })
  // It was killed between the two renames of `mine`, after those of `yours`.
  write(old, 'mine', 'old')
  write(old, 'yours', 'old')
  write(fresh, 'mine', 'new')
  write(folder.path, 'yours', 'new')
  const failed = fillExistingFolder(folder.path, 0, () =>
    Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' })),
  )
  expect((await failure(failed)).code).toBe('file.denied')
  expect(readdirSync(folder.path).sort()).toEqual(['mine', 'yours'])
  expect(readFileSync(join(folder.path, 'mine'), 'utf8')).toBe('old')
  expect(readFileSync(join(folder.path, 'yours'), 'utf8')).toBe('new')
})

it('leaves the work of a process that runs alone', async () => {
  using folder = temporaryFolder()
  const running = await partialPath(folder.path, '')
  mkdirSync(running)
  mkdirSync(await leftBehind(folder.path))
  await fillExistingFolder(folder.path, 0, () => Promise.resolve())
  expect(readdirSync(folder.path)).toEqual([basename(running)])
})
