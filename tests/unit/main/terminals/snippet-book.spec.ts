import { expect, it } from 'vitest'
import { SnippetBook } from '#main/terminals/snippet-book.ts'
import { Database } from '#main/store/database.ts'
import { SettingsRepository } from '#main/store/settings-repository.ts'

it('keeps named commands by name, for the next start as well', () => {
  using database = new Database(':memory:')
  let number = 0
  const open = () => new SnippetBook(new SettingsRepository(database), () => `id-${++number}`)
  const book = open()
  const heard: string[][] = []
  book.onChange((list) => heard.push(list.map(({ name }) => name)))
  const watch = book.save({ name: 'watch', command: 'watch npu-smi info' })
  const logs = book.save({ name: 'logs', command: 'cd /var/log\nls -t' })
  book.save({ id: watch, name: 'NPUs', command: 'npu-smi info' })
  expect(open().list()).toEqual([
    { id: logs, name: 'logs', command: 'cd /var/log\nls -t' },
    { id: watch, name: 'NPUs', command: 'npu-smi info' },
  ])
  book.remove(logs)
  expect(heard).toEqual([['watch'], ['logs', 'watch'], ['logs', 'NPUs'], ['NPUs']])
})

it('passes over what it does not understand', () => {
  const stored = [{ id: 'a', name: 'a', command: 'ls' }, { id: 'b' }, null]
  const repository = { get: () => stored as unknown, set: () => undefined }
  expect(new SnippetBook(repository, () => 'x').list()).toEqual([stored[0]])
  expect(new SnippetBook({ ...repository, get: () => 'text' }, () => 'x').list()).toEqual([])
})
