import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runProgram } from '#engine/cli/program.ts'

const fixtures = fileURLToPath(new URL('../../../../fixtures/dataset', import.meta.url))
const originals = path.join(fixtures, 'mindspeed-llm')
const input = (name: string) => path.join(originals, 'inputs', name)
const llama2 = ['--tokenizer-name-or-path', path.join(fixtures, 'llama2-tokenizer'), '--tokenizer-not-use-fast']

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-preprocess-data-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function run(
  args: readonly string[],
  script = ['preprocess_data.py'],
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' }
  const take = (key: 'out' | 'err') => (chunk: unknown) => {
    written[key] += String(chunk)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(take('err')),
  ]
  try {
    return { code: await runProgram([...script, ...args]), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const prefix = () => path.join(folder, 'data')

async function expectOriginal(name: string): Promise<void> {
  for (const file of await readdir(path.join(originals, name))) {
    const ours = await readFile(path.join(folder, file))
    expect(ours.equals(await readFile(path.join(originals, name, file))), file).toBe(true)
  }
}

describe('awb preprocess_data.py', () => {
  it('takes a command line of the original and writes its bytes', async () => {
    const tags =
      '{"role_tag":"from","content_tag":"value","user_tag":"human","assistant_tag":"gpt",' +
      '"observation_tag":"observation","function_tag":"function_call","system_tag":"system"}'
    const { code, out } = await run([
      ...['--input', input('sharegpt.json'), '--output-prefix', prefix(), '--tokenizer-type', 'PretrainedFromHF'],
      ...[...llama2, '--handler-name', 'SharegptStyleInstructionHandler', '--prompt-type', 'llama2'],
      ...['--map-keys', `{"messages":"conversations","tags":${tags},"system":"system","tools":"tools"}`],
      ...['--workers', '4', '--n-subs', '2', '--log-interval', '1000'],
    ])
    expect(code).toBe(0)
    expect(out).toContain('dataset will use SharegptStyleInstructionHandler to handle dataset')
    expect(out).toContain('Skip 0.0 sample exceeded seq-length(None)')
    await expectOriginal('sharegpt.llama2.llama2')
  })

  it('takes texts when no handler or an unknown one is named', async () => {
    const args = ['--input', input('pretrain.jsonl'), '--output-prefix', prefix(), ...llama2, '--append-eod']
    const script = ['python', './preprocess_data.py']
    const { code, out } = await run([...args, '--handler-name', 'NoSuchHandler'], script)
    expect(code).toBe(0)
    expect(out).toContain('dataset will use GeneralPretrainHandler to handle dataset')
    await expectOriginal('pretrain_eod.llama2')
    expect(await run([...args, '--handler-name', 'NoSuchHandler', '--no-compat'])).toMatchObject({ code: 2 })
  })

  it('leaves empty documents for samples that are too long, as the original does', async () => {
    const args = ['--input', input('pretrain.jsonl'), ...llama2, '--seq-length', '30']
    await mkdir(path.join(folder, 'corrected'))
    const { out } = await run([...args, '--output-prefix', prefix()])
    await run([...args, '--output-prefix', path.join(folder, 'corrected', 'data'), '--no-compat'])
    expect(out).toContain('sample exceeded seq-length(30)')
    const documents = async (file: string) => {
      const idx = await readFile(file)
      return { sequences: Number(idx.readBigUInt64LE(18)), documents: Number(idx.readBigUInt64LE(26)) - 1 }
    }
    // Of five texts, those with 30 tokens or more are left out.
    const lengths = (await readFile(path.join(originals, 'pretrain.llama2', 'data_text_document.idx'))).subarray(34, 54)
    const kept = [0, 4, 8, 12, 16].filter((at) => lengths.readInt32LE(at) < 30).length
    expect(kept).toBeLessThan(5)
    expect(await documents(`${prefix()}_text_document.idx`)).toEqual({ sequences: kept, documents: 5 })
    expect(await documents(path.join(folder, 'corrected', 'data_text_document.idx'))).toEqual({
      sequences: kept,
      documents: kept,
    })
  })

  it('packs, with the masks of the original or with those of the guide', async () => {
    await mkdir(path.join(folder, 'corrected'))
    const args = [
      ...['--input', input('sharegpt.json'), ...llama2, '--handler-name', 'SharegptStyleInstructionHandler'],
      ...['--prompt-type', 'llama2', '--pack', '--seq-length', '64'],
    ]
    expect(await run([...args, '--output-prefix', prefix()])).toMatchObject({ code: 0 })
    const corrected = path.join(folder, 'corrected', 'data')
    expect(await run([...args, '--output-prefix', corrected, '--no-compat'])).toMatchObject({ code: 0 })
    const read = (stem: string, key: string) => readFile(`${stem}_packed_${key}_document.bin`)
    const ids = await read(prefix(), 'input_ids')
    expect(ids.length % (64 * 4)).toBe(0)
    expect(await read(corrected, 'input_ids')).toEqual(ids)
    const masked = (bytes: Buffer) => Array.from(new Int32Array(bytes.buffer, 0, 64)).filter((id) => id === -100).length
    expect(masked(await read(corrected, 'labels'))).toBeGreaterThan(masked(await read(prefix(), 'labels')))
  })

  it('puts its files in the place of older ones, and says so', async () => {
    const args = ['--input', input('pretrain.jsonl'), '--output-prefix', prefix(), ...llama2]
    expect((await run([...args, '--append-eod', '--seq-length', '30'])).out).not.toContain('overwrites')
    expect(await readdir(folder)).toContain('data.rejected.jsonl')
    const { code, out } = await run([...args, '--max-samples', '2', '--mix-strategy', 'concat'])
    expect(code).toBe(0)
    expect(out).toContain('overwrites data_text_document.bin')
    expect(out).toContain('--max-samples has no effect with GeneralPretrainHandler')
    await expectOriginal('pretrain.llama2')
  })

  it('takes a data set that dataset_info.json describes', async () => {
    const info = {
      rows: {
        file_name: 'alpaca_full.json',
        columns: { prompt: 'instruction', query: 'input', response: 'output', system: 'system', history: 'history' },
      },
      pairs: { file_name: 'alpaca_pairwise.json', ranking: true },
      chats: { file_name: 'sharegpt.json', formatting: 'sharegpt', columns: { messages: 'conversations' } },
    }
    const place = path.join(folder, 'info')
    await mkdir(place)
    await writeFile(path.join(place, 'dataset_info.json'), JSON.stringify(info))
    for (const { file_name } of Object.values(info)) await copyFile(input(file_name), path.join(place, file_name))
    const qwen = ['--tokenizer-name-or-path', path.join(fixtures, 'qwen15-tokenizer'), '--tokenizer-not-use-fast']
    const args = (name: string) => [
      ...['--input', name, '--dataset-dir', place, '--output-prefix', prefix(), ...qwen, '--prompt-type', 'qwen'],
      ...['--handler-name', 'LlamaFactoryInstructionHandler'],
    ]
    expect(await run(args('rows'))).toMatchObject({ code: 0 })
    await expectOriginal('alpaca_full.qwen15.qwen')
    expect(await run([...args('chats'), '--max-samples', '2', '--json'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('"rows":2') as string,
    })
    expect((await run(args('pairs'))).err).toContain('pairs holds pairs')
    expect((await run(args('nothing'))).err).toContain('Undefined dataset nothing')
    expect((await run(args('rows,chats'))).err).toContain('Take one at a time')
  })

  it.each([
    [['--pack'], 'does not need to be packed'],
    [['--handler-name', 'GeneralInstructionHandler', '--pack'], '--pack needs --seq-length'],
    [['--prompt-type', 'llama2'], 'If specify prompt_type , handler name must be in'],
    [['--handler-name', 'AlpacaStyleInstructionHandler'], 'needs --prompt-type'],
    [
      ['--handler-name', 'AlpacaStyleInstructionHandler', '--prompt-type', 'glm5'],
      '--prompt-type glm5 is not supported',
    ],
    [['--handler-name', 'MOSSInstructionHandler'], 'It writes each conversation several times over'],
    [['--handler-name', 'StackOverflowPythonPretrainHandler'], 'It fails in the original as well'],
    [['--handler-name', 'LlamaFactoryInstructionHandler', '--prompt-type', 'llama2'], 'needs --dataset-dir'],
    [['--hf-datasets-params', 'params.json'], '--hf-datasets-params is not supported'],
    [['--mix-strategy', 'stack'], "invalid choice: 'stack'"],
    [['--tokenizer-type', 'GPT2BPETokenizer'], '--tokenizer-type GPT2BPETokenizer is not supported'],
    [['--split-sentences'], 'it needs NLTK'],
    [['--n-subs', '0'], '--n-subs must be 1 or more'],
    [['--output-prefix', 'data'], 'is not a directory or does not exist'],
    [['--output-prefix', '/no/such/folder/data'], '/no/such/folder is not a directory or does not exist'],
  ])('refuses %j with the reason', async (args, message) => {
    const base = ['--input', input('pretrain.jsonl'), '--output-prefix', prefix(), ...llama2]
    const { code, err } = await run([...base, ...args])
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(await readdir(folder)).toEqual([])
  })
})
