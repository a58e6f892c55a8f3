import { describe, expect, it } from 'vitest'
import type { FileStat } from '#engine/protocol/index.ts'
import { crumbsOf } from '@/features/host/files/crumbs.ts'
import { droppedFiles } from '@/features/host/files/dropped-files.ts'
import HostFiles from '@/features/host/files/HostFiles.vue'
import { kept, moved, nothingChosen, rangeTo, toggled, type Selection } from '@/features/host/files/selection.ts'
import { pendingQuestion } from '@/shell/confirm.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { until } from '../../../fixtures/until.ts'
import { mounted } from '../mounted.ts'

describe('the way to a folder', () => {
  it('leads through each folder above it', () => {
    expect(crumbsOf('/data/模型 a')).toEqual([
      { name: '/', path: '/' },
      { name: 'data', path: '/data' },
      { name: '模型 a', path: '/data/模型 a' },
    ])
    expect(crumbsOf('/')).toEqual([{ name: '/', path: '/' }])
    expect(crumbsOf('C:\\Users\\me').map(({ path }) => path)).toEqual(['C:\\', 'C:\\Users', 'C:\\Users\\me'])
    expect(crumbsOf('~')).toEqual([{ name: '~', path: '~' }])
  })
})

describe('a selection by keyboard', () => {
  const names = ['a', 'b', 'c', 'd']
  const chosen = ({ chosen }: Selection) => [...chosen].join('')

  it('moves, and stays within the list', () => {
    let selection = moved(nothingChosen, names, 1, false)
    expect(selection.current).toBe('a')
    selection = moved(selection, names, -1, false)
    expect(selection.current).toBe('a')
    expect(moved(selection, names, 'last', false).current).toBe('d')
    expect(moved(moved(selection, names, 'last', false), names, 1, false).current).toBe('d')
    expect(moved(nothingChosen, [], 1, false)).toBe(nothingChosen)
  })

  it('grows and shrinks a range from where it began', () => {
    let selection = moved(toggled(nothingChosen, 'b'), names, 1, true)
    expect(chosen(selection)).toBe('bc')
    selection = moved(selection, names, 1, true)
    expect(chosen(selection)).toBe('bcd')
    expect(chosen(moved(selection, names, -1, true))).toBe('bc')
    expect(chosen(rangeTo(selection, names, 'a'))).toBe('ab')
  })

  it('forgets what is gone', () => {
    const selection = rangeTo(toggled(nothingChosen, 'b'), names, 'd')
    expect(kept(selection, ['a', 'd'])).toEqual({ chosen: new Set(['d']), current: 'd', anchor: null })
  })
})

describe('what is dropped', () => {
  const file = (name: string) => ({
    isFile: true,
    name,
    file: (done: (file: File) => void) => done(new File([], name)),
  })
  const folder = (name: string, below: object[]) => ({
    isFile: false,
    name,
    createReader: () => {
      // As browsers do: in pieces, then an empty one.
      const pieces = [...below.map((entry) => [entry]), []]
      return { readEntries: (done: (entries: object[]) => void) => done(pieces.shift() ?? []) }
    },
  })

  it('comes with its folders', async () => {
    const dropped = [file('one'), folder('set', [file('a'), folder('deep', [file('b')]), folder('empty', [])])]
    const items = dropped.map((entry) => ({ webkitGetAsEntry: () => entry }))
    const found = await droppedFiles(items as unknown as DataTransferItemList)
    expect(found.map(({ path }) => path)).toEqual(['one', 'set/a', 'set/deep/b'])
  })
})

describe('the files of a host', () => {
  const entry = (name: string, kind: FileStat['kind'] = 'file'): FileStat => ({
    path: `/work/${name}`,
    name,
    kind,
    bytes: 5,
    modifiedAt: 0,
  })
  const opened = (calls: unknown[], change: Record<string, unknown> = {}) => {
    let list = [entry('sub', 'folder'), entry('a'), entry('b')]
    return mounted(HostFiles, { host: fakeHost() }, { paths: new Set(['/work', '/work/sub']) }, {
      files: {
        stat: ({ path }: { path: string }) => entry(path, 'folder'),
        list: ({ path }: { path: string }) => ({ path, entries: path === '/work' ? list : [], isTruncated: false }),
      },
      contents: {
        measure: () => ({ entries: 12, bytes: 3 << 20, isPartial: false }),
        remove: (input: { paths: string[] }) => {
          calls.push(input)
          list = list.filter(({ path }) => !input.paths.includes(path))
          return {}
        },
        rename: (input: { name: string }) => {
          calls.push(input)
          list = [...list.slice(0, 2), entry(input.name)]
          return { path: `/work/${input.name}` }
        },
        makeFolder: (input: unknown) => (calls.push(input), {}),
        ...change,
      },
      transfers: { watch: () => ({ snapshot: () => [], subscribe: () => ({ [Symbol.dispose]: () => undefined }) }) },
    } as never)
  }
  const rows = (page: ReturnType<typeof opened>) => page.view.findAll('[data-testid="host-file"] .name')
  const listed = async (page: ReturnType<typeof opened>, count: number) =>
    until(() => (rows(page).length === count ? rows(page) : undefined), `${count} files`)

  it('are deleted by keyboard after saying how much it is', async () => {
    const calls: unknown[] = []
    using page = opened(calls)
    const [first] = await listed(page, 3)
    await first?.trigger('keydown', { key: 'ArrowDown' })
    const second = rows(page)[1]
    expect(document.activeElement).toBe(second?.element)
    await second?.trigger('keydown', { key: 'ArrowDown', shiftKey: true })
    await rows(page)[2]?.trigger('keydown', { key: 'Delete' })
    const question = await until(() => pendingQuestion.value ?? undefined, 'the question')
    expect(question.title).toBe('Delete 2 entries?')
    expect(question.text).toContain('12 files and folders, 3 MiB')
    question.answer(true)
    await listed(page, 1)
    expect(calls).toEqual([{ host: 'local', paths: ['/work/a', '/work/b'] }])
  })

  it('lead into folders and back up by keyboard', async () => {
    using page = opened([])
    const [sub] = await listed(page, 3)
    await sub?.trigger('click')
    await until(() => (page.view.text().includes('The folder is empty') ? true : undefined), 'the folder')
    await page.view.get('[aria-label="Folder above (Backspace)"]').trigger('click')
    await listed(page, 3)
    expect(rows(page)[0]?.attributes('tabindex')).toBe('0')
  })
})
