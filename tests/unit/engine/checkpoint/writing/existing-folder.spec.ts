import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fillExistingFolder } from '../../../../../engine/checkpoint/writing/existing-folder.ts'
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
