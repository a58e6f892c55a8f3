/** MindSpore's files as protoc sees them. Debian's protobuf-compiler is the oracle; without it the tests are skipped. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mindsporeTensor, readMindspore } from '../../engine/checkpoint/formats/mindspore-read.ts'
import { RandomFile } from '../../engine/checkpoint/formats/random-file.ts'
import { readStrategy } from '../../engine/checkpoint/mindspore/strategy.ts'
import { convertCheckpoint } from '../../engine/checkpoint/tasks.ts'
import { fixture, recordingContext, storedBytes, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { strategyFile } from '../fixtures/checkpoint/strategy.ts'

const schema = fileURLToPath(new URL('mindspore.proto', import.meta.url))
const hasProtoc = spawnSync('protoc', ['--version']).status === 0
if (!hasProtoc) console.warn('skipped: protoc is not installed (on Debian: apt-get install protobuf-compiler)')

const protoc = (mode: 'encode' | 'decode', message: string, input: Uint8Array | string): Buffer =>
  execFileSync('protoc', [`--proto_path=${dirname(schema)}`, `--${mode}=${message}`, schema], {
    input,
    maxBuffer: 64 * 1024 * 1024,
  })

/** Bytes as protobuf's text form writes them. */
const quoted = (bytes: Uint8Array): string =>
  `"${[...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`

describe.skipIf(!hasProtoc)('protoc', () => {
  it('reads and writes a checkpoint as it is written here', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'ms')
    const target = { layout: 'mindspore' } as const
    await convertCheckpoint({ input: fixture('qwen15-tied-bf16'), output, target }, recordingContext())
    const path = join(output, 'mindspore_model.ckpt')
    const bytes = readFileSync(path)
    const text = protoc('decode', 'Checkpoint', bytes)
    expect(text.toString('latin1').match(/tensor_type: "BFloat16"/g)).toHaveLength(4 * 12 + 2)
    expect(protoc('encode', 'Checkpoint', text).equals(bytes)).toBe(true)
  })

  it('writes what is read here: scalars, dims of any size, contents of any bytes', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.ckpt')
    const values: [string, string, number[], Buffer][] = [
      ['scalar', 'Int64', [], Buffer.from('0102030405060708', 'hex')],
      ['matrix', 'BFloat16', [2, 300], Buffer.from(Array.from({ length: 1200 }, (_, index) => index % 256))],
      ['层.weight', 'Float32', [1, 1], Buffer.from([0, 0, 128, 63])],
    ]
    const text = values.map(([tag, type, dims, content]) => {
      const numbers = dims.map((dim) => `dims: ${dim}`).join(' ')
      const tensor = `${numbers} tensor_type: "${type}" tensor_content: ${quoted(content)}`
      return `value { tag: ${quoted(Buffer.from(tag))} tensor { ${tensor} } }`
    })
    writeFileSync(path, protoc('encode', 'Checkpoint', text.join('\n')))
    await using file = await RandomFile.open(path)
    const { entries } = await readMindspore(file)
    const read = await Promise.all(
      entries.map(async (entry) => {
        const tensor = mindsporeTensor(file, entry)
        const bytes = tensor === undefined ? Buffer.alloc(0) : Buffer.from(await storedBytes(tensor))
        return [entry.name, entry.type, entry.shape, bytes]
      }),
    )
    expect(read).toEqual(values)
  })

  it('agrees on strategies', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'strategy.ckpt')
    const text = `current_stage: 1
      parallel_strategy_item { node_name: "MatMul" parallel_strategys { stage: 0 parallel_strategy { dim: 1 dim: 2 } } }
      parallel_layout_item { param_name: "wq" parallel_layouts {
        dev_matrix { dim: 4 dim: 2 } tensor_map { dim: 0 dim: -1 } param_split_shape { } indices_offset { }
        field: 0 opt_weight_shard_step: 2 opt_weight_shard_size: -1 } }`
    writeFileSync(path, protoc('encode', 'ParallelStrategyMap', text))
    const { stages, devicesPerStage } = await readStrategy(path)
    expect(devicesPerStage).toBe(8)
    expect([...(stages[0] ?? [])]).toEqual([['wq', { devMatrix: [4, 2], tensorMap: [0, -1], optimizerShards: -1 }]])
    // The strategies of the other tests are such files, too.
    const made = strategyFile(0, { wq: { devMatrix: [4, 2], tensorMap: [0, -1], shards: [2, -1] } })
    const decoded = protoc('decode', 'ParallelStrategyMap', made).toString('utf8')
    expect(decoded).toContain('param_name: "wq"')
    expect(decoded).toMatch(/tensor_map \{\s*dim: 0\s*dim: -1\s*\}/)
  })
})
