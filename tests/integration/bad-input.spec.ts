import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rows = join(root, 'resources', 'sample', 'dataset', 'alpaca-sample.json')

/** `awb … --json` in a folder: exit code, the error's code and what its text says. */
function awb(cwd: string, ...args: string[]): { status: number | null; code: string; message: string } {
  const { INIT_CWD: _npm, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'engine', 'cli.ts'), ...args, '--json'], {
    cwd,
    env,
    encoding: 'utf8',
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const { error } = JSON.parse(last || '{}') as { error?: { code: string; message: string } }
  return { status, code: error?.code ?? '', message: error?.message ?? '' }
}

/** Each wrong input is answered with what is wrong and what to do, and the folder holds what it held before. */
describe('bad input', () => {
  let folder = ''
  const list = () => readdirSync(folder).sort()

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'awb-bad-'))
    expect(awb(folder, 'checkpoint', 'create', 'hf').status).toBe(0)
    expect(awb(folder, 'checkpoint', 'convert', 'hf', 'mcore', '--to', 'mcore', '--tp', '2', '--pp', '2').status).toBe(
      0,
    )
    expect(awb(folder, 'dataset', 'preprocess', rows, 'data/set', '--tokenizer', 'hf').status).toBe(0)
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function refuses(code: string, names: RegExp, ...args: string[]): void {
    const before = list()
    const answer = awb(folder, ...args)
    expect(answer).toMatchObject({ status: 1, code })
    expect(answer.message).toMatch(names)
    expect(list()).toEqual(before)
  }

  it('names a missing shard', () => {
    cpSync(join(folder, 'mcore'), join(folder, 'lost'), { recursive: true })
    rmSync(join(folder, 'lost', 'iter_0000001', 'mp_rank_01_000'), { recursive: true })
    refuses('checkpoint.shardMissing', /mp_rank_01_000/, 'checkpoint', 'convert', 'lost', 'out', '--to', 'hf')
  })

  it('names a truncated safetensors file', () => {
    cpSync(join(folder, 'hf'), join(folder, 'cut'), { recursive: true })
    truncateSync(join(folder, 'cut', 'model.safetensors'), 4096)
    refuses('checkpoint.truncated', /model\.safetensors/, 'checkpoint', 'convert', 'cut', 'out', '--to', 'mcore')
  })

  it('names a TP that does not divide the heads', () => {
    refuses('checkpoint.tpHeads', /TP 3/, 'checkpoint', 'convert', 'hf', 'out', '--to', 'mcore', '--tp', '3')
  })

  it('keeps an output folder that exists', () => {
    mkdirSync(join(folder, 'taken'))
    writeFileSync(join(folder, 'taken', 'mine'), 'precious')
    refuses('file.exists', /taken/, 'checkpoint', 'convert', 'hf', 'taken', '--to', 'mcore')
    expect(readFileSync(join(folder, 'taken', 'mine'), 'utf8')).toBe('precious')
  })

  it('names a mapped column that the dataset has not', () => {
    const args = ['dataset', 'preprocess', rows, 'bad/set', '--tokenizer', 'hf', '--prompt-column', 'question']
    refuses('dataset.columnMissing', /question/, ...args)
  })

  it('names a dataset whose tokenizer is larger than the model', () => {
    const definition = join(folder, 'small')
    cpSync(join(root, 'resources', 'sample'), definition, { recursive: true })
    const model = JSON.parse(readFileSync(join(definition, 'model.json'), 'utf8')) as { shape: { vocab: number } }
    model.shape.vocab = 512
    writeFileSync(join(definition, 'model.json'), JSON.stringify(model))
    refuses('train.tokenizerTooLarge', /512/, 'checkpoint', 'create', 'small-hf', '--definition', definition)
  })

  it('leaves nothing on a disk that is full', ({ skip }) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { encoding: 'utf8' })
    skip(mount.status !== 0, `no small disk can be made here: ${mount.stderr?.trim() || 'mount is not allowed'}`)
    try {
      const answer = awb(folder, 'checkpoint', 'convert', 'hf', 'disk/out', '--to', 'mcore', '--tp', '2')
      expect(answer).toMatchObject({ status: 1, code: 'file.full' })
      expect(readdirSync(disk)).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
