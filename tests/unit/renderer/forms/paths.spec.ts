import { describe, expect, it } from 'vitest'
import { browsable } from '@/forms/model/browsable.ts'
import { baseName, joinPath, parentPath } from '@/forms/model/paths.ts'

describe('paths of a host', () => {
  it('go up to the root and stay there, on both kinds of host', () => {
    expect(['/a/b', '/a/b/', '/a', '/', 'C:\\data\\x', 'C:\\data'].map(parentPath)).toEqual([
      '/a',
      '/a',
      '/',
      '/',
      'C:\\data',
      'C:\\',
    ])
  })

  it('go down with the separator of their host', () => {
    expect(joinPath('/', 'a')).toBe('/a')
    expect(joinPath('/a', 'b')).toBe('/a/b')
    expect(joinPath('C:\\data', 'x')).toBe('C:\\data\\x')
    expect(baseName('/a/b/')).toBe('b')
  })
})

describe('browsable', () => {
  const entry = (name: string, kind: 'file' | 'folder') => ({ path: `/${name}`, name, kind, bytes: 0, modifiedAt: 0 })
  const all = [entry('.git', 'folder'), entry('b10', 'folder'), entry('b9', 'folder'), entry('a.json', 'file')]

  it('puts folders first and hidden ones last', () => {
    expect(browsable(all, 'file').map((item) => item.name)).toEqual(['b9', 'b10', 'a.json', '.git'])
  })

  it('leaves files out when a folder is looked for', () => {
    expect(browsable(all, 'folder').map((item) => item.name)).toEqual(['b9', 'b10', '.git'])
  })
})
