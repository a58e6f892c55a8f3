import { describe, expect, it } from 'vitest'
import {
  baseName,
  cleanPath,
  folderName,
  formatBytes,
  formatParameters,
  isInside,
  joinPath,
  stemName,
} from '#plugin-api'

describe('paths', () => {
  it('joins, cleans and takes apart', () => {
    expect(joinPath('/a/', '', 'b', '/c')).toBe('/a/b/c')
    expect(cleanPath('/a//b///')).toBe('/a/b')
    expect(cleanPath('/')).toBe('/')
    expect(baseName('/a/b/')).toBe('b')
    expect(baseName('/')).toBe('')
    expect(stemName('/a/b.tar.gz')).toBe('b.tar')
    expect(stemName('/a/.env')).toBe('.env')
    expect(folderName('/a/b')).toBe('/a')
    expect(folderName('/a')).toBe('/')
    expect(folderName('a')).toBe('.')
  })

  it('knows what lies inside', () => {
    expect(isInside('/a/b', '/a')).toBe(true)
    expect(isInside('/a/', '/a')).toBe(true)
    expect(isInside('/ab', '/a')).toBe(false)
    expect(isInside('/a', '/')).toBe(true)
  })
})

describe('amounts', () => {
  it('are readable', () => {
    expect(formatBytes(512)).toBe('512 B')
    expect(formatBytes(13_476_831_232)).toBe('12.6 GiB')
    expect(formatBytes(500 * 1024 ** 3)).toBe('500 GiB')
    expect(formatParameters(6_738_415_616)).toBe('6.7 B')
    expect(formatParameters(1_234_000)).toBe('1.2 M')
    expect(formatParameters(512)).toBe('0.5 K')
  })
})
