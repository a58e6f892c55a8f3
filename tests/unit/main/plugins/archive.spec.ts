import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppError } from '#engine/protocol/errors/index.ts'
import { readPluginArchive } from '#main/plugins/archive.ts'
import { archiveOf, goodScript, manifestFor, pluginArchive, type Entry } from './archives.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-archive-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = (bytes: Buffer) => {
  const file = join(folder, 'plugin.tgz')
  writeFileSync(file, bytes)
  return readPluginArchive(file)
}
const failure = async (bytes: Buffer): Promise<string> => {
  const error = await read(bytes).then(
    () => null,
    (thrown: unknown) => thrown as AppError,
  )
  return error ? `${error.code}: ${error.message}` : 'no failure'
}
const good: Entry[] = [
  { name: 'manifest.json', content: JSON.stringify(manifestFor('one')) },
  { name: 'plugin.js', content: goodScript },
]

describe('a plugin archive', () => {
  it('gives manifest, script and digest', async () => {
    const bytes = await pluginArchive(manifestFor('one'))
    const archive = await read(bytes)
    expect(archive.manifest.id).toBe('one')
    expect(archive.script).toBe(goodScript)
    expect(archive.digest).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it.each<[string, Entry[], RegExp]>([
    ['a path upwards', [{ name: '../evil.js', content: 'x' }], /\.\.\/evil\.js.*leaves the archive/],
    ['a hidden path upwards', [{ name: 'a/../../evil.js', content: 'x' }], /leaves the archive/],
    ['an absolute path', [{ name: '/etc/passwd', content: 'x' }], /leaves the archive/],
    ['a Windows path', [{ name: 'C:\\evil.js', content: 'x' }], /leaves the archive/],
    ['a control character', [{ name: 'a\nb', content: 'x' }], /leaves the archive/],
    ['a symbolic link', [{ name: 'plugin.js', type: 'symlink', linkname: '/etc/passwd' }], /is a symlink/],
    ['a hard link', [{ name: 'plugin.js', type: 'link', linkname: 'manifest.json' }], /is a link/],
    ['a device', [{ name: 'dev', type: 'character-device' }], /is a character-device/],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }], /is a fifo/],
    ['a name given twice', [{ name: 'plugin.js', content: 'other' }], /there twice/],
    ['a name without end', [{ name: `${'a'.repeat(300)}.js`, content: 'x' }], /leaves the archive or is not portable/],
  ])('refuses %s', async (_what, extra, message) => {
    const reason = await failure(await archiveOf([...good, ...extra]))
    expect(reason).toMatch(/^plugin\.archiveRefused/)
    expect(reason).toMatch(message)
  })

  it('refuses too many entries', async () => {
    const many = Array.from({ length: 80 }, (_, index) => ({ name: `${index}.txt`, content: '' }))
    expect(await failure(await archiveOf([...good, ...many]))).toMatch(/more than 64 entries/)
  })

  it('refuses a bomb without expanding it', async () => {
    const bomb = gzipSync(Buffer.alloc(128 * 1024 * 1024), { level: 1 })
    const before = process.memoryUsage().rss
    expect(await failure(bomb)).toMatch(/^plugin\.archiveRefused.*8 MiB/)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('refuses a huge archive without reading it', async () => {
    const file = join(folder, 'huge.tgz')
    writeFileSync(file, '')
    truncateSync(file, 8 * 1024 ** 3)
    await expect(readPluginArchive(file)).rejects.toMatchObject({ code: 'plugin.archiveRefused' })
  })

  it('says when it is not an archive, or cut short', async () => {
    expect(await failure(Buffer.from('hello'))).toMatch(/^plugin\.archiveUnreadable/)
    const whole = await pluginArchive(manifestFor('one'))
    expect(await failure(whole.subarray(0, whole.length / 2))).toMatch(/^plugin\.archiveUnreadable/)
    await expect(readPluginArchive(join(folder, 'none.tgz'))).rejects.toMatchObject({
      code: 'plugin.archiveUnreadable',
    })
  })

  it('says when a size in a header is a lie', async () => {
    const tar = await archiveOf(good)
    expect(await failure(tar.subarray(0, tar.length - 10))).toMatch(/^plugin\.archiveUnreadable/)
  })

  it('refuses what is not text', async () => {
    const bytes = await archiveOf([good[0]!, { name: 'plugin.js', content: Buffer.from([0xff, 0xfe, 0x80]) }])
    expect(await failure(bytes)).toMatch(/not UTF-8/)
  })

  it('refuses a script that is too large', async () => {
    expect(await failure(await pluginArchive(manifestFor('one'), ' '.repeat(1024 * 1024 + 1)))).toMatch(
      /larger than 1 MiB/,
    )
  })
})

describe('a manifest', () => {
  const change = (edit: (manifest: ReturnType<typeof manifestFor>) => void) => {
    const manifest = manifestFor('one')
    edit(manifest)
    return manifest
  }
  const panel = (manifest: ReturnType<typeof manifestFor>) => manifest.contributes.panels[0]!
  const field = (manifest: ReturnType<typeof manifestFor>, schema: Record<string, unknown>) => {
    panel(manifest).form.schema.properties['name'] = schema
  }

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /at the top/],
    ['an id that is a path', change((m) => (m.id = '../x')), /at id/],
    ['a version that is none', change((m) => (m.version = 'new')), /at version/],
    ['another api', { ...manifestFor('one'), api: 2 }, /at api/],
    ['an unknown capability', { ...manifestFor('one'), capabilities: ['plan', 'files.write'] }, /at capabilities\.1/],
    ['panels without the capability', change((m) => (m.capabilities = [])), /capability plan/],
    ['a panel twice', change((m) => m.contributes.panels.push(panel(m))), /panel is there twice/],
    ['a plan that is no name', change((m) => (panel(m).plan = 'a.b()')), /not the name of a function/],
    ['a field without hint', change((m) => (panel(m).form.hints = {})), /has no hint/],
    ['a hint without field', change((m) => (panel(m).form.schema.properties = {})), /no field name/],
    ['a group that is not there', change((m) => (panel(m).form.groups = [])), /no group a/],
    ['a regular expression', change((m) => field(m, { type: 'string', pattern: '^(a+)+$' })), /keyword pattern/],
    ['a remote schema', change((m) => field(m, { $ref: 'http://example.org' })), /keyword \$ref/],
    ['a hidden keyword', change((m) => field(m, { type: 'array', items: { pattern: 'a' } })), /keyword pattern/],
    [
      'a recipe of no panel',
      change((m) => (m.contributes.recipes = [{ id: 'r', panel: 'x', title: m.name, values: {} }])),
      /no panel x/,
    ],
    ['a main that is not there', change((m) => (m.main = 'other.js')), /no other\.js/],
  ])('is refused with %s', async (_what, manifest, message) => {
    const reason = await failure(await pluginArchive(manifest))
    expect(reason).toMatch(/^plugin\.manifestInvalid/)
    expect(reason).toMatch(message)
  })

  it('is refused when it is missing or no JSON', async () => {
    expect(await failure(await archiveOf([good[1]!]))).toMatch(/manifest\.json: it is missing/)
    expect(await failure(await archiveOf([{ name: 'manifest.json', content: '{' }]))).toMatch(/plugin\.manifestInvalid/)
  })

  it('cannot reach into prototypes', async () => {
    const json = JSON.stringify(manifestFor('one')).replace(
      '"frameworks":{}',
      '"frameworks":{"__proto__":"x"},"__proto__":{"evil":1}',
    )
    const outcome = await failure(await archiveOf([{ name: 'manifest.json', content: json }, good[1]!]))
    expect(outcome).toMatch(/no failure|plugin\.manifestInvalid/)
    expect(({} as { evil?: number }).evil).toBeUndefined()
  })
})
