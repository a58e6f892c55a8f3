import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eccOf, readEcc } from '../../../../../engine/host/npus/ecc.ts'
import { chipOf } from '../../../main/monitor/samples.ts'

const fixture = resolve(import.meta.dirname, '../../../../fixtures/host/npu-smi/096-910B-24.1.rc1-ecc.txt')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-ecc-'))
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})
const installTool = (body: string): void => {
  const tool = join(folder, 'npu-smi')
  writeFileSync(tool, `#!/bin/sh\necho "$*" >> '${folder}/calls'\n${body}\n`)
  chmodSync(tool, 0o755)
}
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n')

describe('memory errors', () => {
  it('are the sum over the kinds of memory; those of earlier days do not count', () => {
    const text = readFileSync(fixture, 'utf8')
      .replace(/(DDR Double Bit Error Count +): 0/, '$1: 1')
      .replace(/(HBM Double Bit Error Count +): 0/, '$1: 2')
      .replace(/(HBM Single Bit Error Count +): 0/, '$1: 40')
      .replace(/(HBM Double Bit Aggregate Total Err Cnt +): 0/, '$1: 700')
      .replace(/(HBM Double Bit Isolated Pages Count +): 0/, '$1: 3')
    expect(eccOf(1, text)).toEqual([{ npu: 1, chip: 0, singleBit: 40, doubleBit: 3, isolatedPages: 3 }])
  })

  it('are none of a healthy card', () => {
    expect(eccOf(1, readFileSync(fixture, 'utf8'))).toMatchObject([{ singleBit: 0, doubleBit: 0, isolatedPages: 0 }])
    expect(eccOf(1, 'hello\n')).toEqual([])
  })

  it('are asked for card by card, also of those with two chips', async () => {
    const block = (chip: number) => `HBM Double Bit Error Count : ${chip}\\nChip ID : ${chip}\\n\\n`
    installTool(`printf '${block(0)}${block(1)}'`)
    const chips = [chipOf(4), chipOf(4, { chip: 1 }), chipOf(5)]
    expect(await readEcc(chips)).toMatchObject([
      { npu: 4, chip: 0, doubleBit: 0 },
      { npu: 4, chip: 1, doubleBit: 1 },
      { npu: 5, chip: 0, doubleBit: 0 },
      { npu: 5, chip: 1, doubleBit: 1 },
    ])
    expect(calls()).toEqual(['info -t ecc -i 4', 'info -t ecc -i 5'])
  })

  it.each(['Error parameter of -t', 'This device does not support querying ecc.'])(
    'are not asked for again where the tool says: %s',
    async (answer) => {
      installTool(`echo '${answer}'; exit 1`)
      expect(await readEcc([chipOf(4), chipOf(5)])).toBeNull()
      expect(calls()).toHaveLength(1)
    },
  )

  it('leave out a card that does not answer', async () => {
    installTool(`[ "$5" = 5 ] && { echo 'Invalid card id.'; exit 1; }; cat '${fixture}'`)
    expect((await readEcc([chipOf(4), chipOf(5), chipOf(6)]))?.map(({ npu }) => npu)).toEqual([4, 6])
  })
})
