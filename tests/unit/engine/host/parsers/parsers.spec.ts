import { describe, expect, it } from 'vitest'
import { parseHostText } from '../../../../../engine/host/parsers/index.ts'
import { NpuTable } from '../../../../../engine/protocol/npus.ts'
import { compared, hostFixtures } from './fixtures.ts'

const fixtures = hostFixtures()

describe('outputs of hosts', () => {
  it.each(fixtures)('$name says what its JSON says', ({ folder, text, expected }) => {
    const kinds = [folder, ...(typeof expected.kind === 'string' ? [expected.kind] : [])]
    for (const kind of kinds) {
      const parsed = parseHostText(kind, text)
      const fields = compared(expected)
      expect(Object.fromEntries(Object.keys(fields).map((key) => [key, parsed[key]]))).toEqual(fields)
    }
  })

  it('returns the raw text of what it does not know', () => {
    expect(parseHostText('npu-smi', 'nothing of the kind\n')).toEqual({ kind: 'unknown', raw: 'nothing of the kind\n' })
  })
})

describe('npu-smi info', () => {
  const tables = fixtures.filter(({ expected }) => expected.kind === 'info')
  const chips = (text: string) => NpuTable.parse(parseHostText('npu-smi', text)).npus

  it.each(tables)('$name survives what copying does to it', ({ text, expected }) => {
    const known = expected.npus
    const copies = {
      'carriage returns': text.replaceAll('\n', '\r\n'),
      quotes: text.replaceAll(/^/gm, '> '),
      colours: text.replaceAll(/\b(OK|Warning|Alarm)\b/g, '\u001b[32m$1\u001b[0m'),
      tabs: text.replaceAll(/ {4,}/g, '\t'),
      indent: text.replaceAll(/^/gm, '\t   '),
      'no separators': text.replaceAll(/^[\s>]*\+.*\n/gm, ''),
      'no blanks at the ends': text.replaceAll(/ +\|$/gm, '|'),
      prompt: `[root@host ~]# npu-smi info\n${text}[root@host ~]# `,
      'code fence': `\`\`\`\n${text}\n\`\`\`\n`,
      'byte order mark': `\ufeff${text}`,
      'wide bars': text.replaceAll('|', '│'),
    }
    for (const [how, copy] of Object.entries(copies)) expect(chips(copy), how).toEqual(known)
  })

  it.each(tables)('$name keeps the chips of the lines that are left', ({ text, expected }) => {
    const known = expected.npus as { npu: number }[]
    const lines = text.split('\n')
    for (let dropped = 0; dropped < lines.length; dropped++) {
      const found = parseHostText('npu-smi', lines.filter((_, at) => at !== dropped).join('\n'))
      const count = found.kind === 'info' ? (found.npus as unknown[]).length : 0
      expect(count, `without line ${dropped + 1}`).toBeGreaterThanOrEqual(known.length - 1)
      expect(count).toBeLessThanOrEqual(known.length)
    }
    for (let length = 0; length < text.length; length += 97) {
      const found = parseHostText('npu-smi', text.slice(0, length))
      if (found.kind === 'info') expect((found.npus as unknown[]).length).toBeLessThanOrEqual(known.length)
    }
    for (let width = 0; width < 120; width += 7) {
      expect(() => parseHostText('npu-smi', lines.map((line) => line.slice(0, width)).join('\n'))).not.toThrow()
    }
  })

  it('tells of a card whose second row is missing', () => {
    const table = parseHostText('npu-smi', '| 3     910B1         | Alarm         | 88.4        46      0    / 0  |\n')
    expect(table).toMatchObject({
      kind: 'info',
      damaged: true,
      npus: [{ npu: 3, chip: null, health: 'Alarm', tempC: 46 }],
    })
  })

  it('shows rows that it could not read, and notes around the table', () => {
    const [first] = tables
    const table = parseHostText(
      'npu-smi',
      `${first?.text}| ?? | what |\nThe driver package may not be completely installed\n`,
    )
    expect(table).toMatchObject({
      damaged: true,
      unread: ['| ?? | what |'],
      warnings: ['The driver package may not be completely installed'],
    })
  })

  it('keeps the process id in the container beside the one on the host', () => {
    const table = parseHostText('npu-smi', '| 0       0      | 4711    | python   | 3000     | 17      |\n')
    expect(table).toMatchObject({ processes: [{ npu: 0, chip: 0, pid: 4711, memoryMB: 3000, pidInContainer: 17 }] })
  })

  it('accepts a process without a name', () => {
    const table = parseHostText('npu-smi', '| 0       0      | 4711    |          | 3000     |\n')
    expect(table).toMatchObject({ processes: [{ pid: 4711, name: '', memoryMB: 3000 }] })
  })
})

describe('errors of npu-smi', () => {
  it.each([
    ['dcmi module initialize failed. ret is -8005', 'DCMI_INIT_FAILED', -8005],
    ['dcmi model initialized failed, because the device is used. ret is -8020', 'DEVICE_IN_USE', -8020],
    ['Error parameter of -t\nUsage: npu-smi info <watch|-h>', 'UNSUPPORTED_QUERY', undefined],
    ['npu-smi: error while loading shared libraries: libc_sec.so: cannot open', 'LIBRARY_NOT_FOUND', undefined],
    ['-bash: npu-smi: 未找到命令', 'NPU_SMI_NOT_FOUND', undefined],
  ])('%s', (text, error, ret) => {
    expect(parseHostText('npu-smi', text)).toMatchObject(ret === undefined ? { error } : { error, ret })
    expect(parseHostText('info', text, 'zh-CN').meaning).toMatch(/[\u4e00-\u9fff]/)
  })
})
