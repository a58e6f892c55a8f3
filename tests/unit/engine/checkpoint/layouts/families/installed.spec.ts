/** A family that no code of the engine knows: its definition is all there is to it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runProgram } from '../../../../../../engine/cli/program.ts'
import {
  addFamily,
  listFamilies,
  removeFamily,
  setPluginFamilies,
} from '../../../../../../engine/checkpoint/layouts/families/installed.ts'
import { openCheckpoint } from '../../../../../../engine/checkpoint/open.ts'
import { RandomFile } from '../../../../../../engine/checkpoint/formats/random-file.ts'
import { readSafetensors } from '../../../../../../engine/checkpoint/formats/safetensors.ts'
import { FamilyDefinition } from '../../../../../../engine/protocol/family.ts'
import { failure, shardDigests, storedBytes, temporaryFolder } from '../../../../../fixtures/checkpoint/helpers.ts'
import harbor from '../../../../../fixtures/plugins/harbor/definition.json' with { type: 'json' }
import { writeHarborModel } from '../../../../../fixtures/plugins/harbor/model.ts'

const file = join(import.meta.dirname, '../../../../../fixtures/plugins/harbor/definition.json')
const definition = FamilyDefinition.parse(harbor)
let home: ReturnType<typeof temporaryFolder>
const at = (path: string): string => join(home.path, path)

beforeEach(() => {
  home = temporaryFolder()
  vi.stubEnv('AWB_HOME', at('state'))
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  home[Symbol.dispose]()
})

/** All tensors of a model.safetensors, as they lie there. */
async function content(folder: string): Promise<Map<string, string>> {
  await using opened = await RandomFile.open(join(folder, 'model.safetensors'))
  const { tensors } = await readSafetensors(opened)
  const found = new Map<string, string>()
  for (const tensor of tensors) {
    found.set(tensor.name, `${tensor.shape.join('x')} ${Buffer.from(await storedBytes(tensor)).toString('base64')}`)
  }
  return found
}

describe('an added family', () => {
  it.each([true, false])('goes through every layout and comes back as it was, biases: %s', async (hasBias) => {
    writeHarborModel(at('model'), hasBias)
    expect(await runProgram(['checkpoint', 'convert', at('model'), at('x'), '--to', 'mcore'])).toBe(1)
    expect(await runProgram(['family', 'add', file])).toBe(0)
    const steps = [
      ['model', 'mcore', 'mcore', '--tp', '2', '--pp', '2', '--vocab-divisor', '16'],
      ['mcore', 'hf', 'hf'],
      ['hf', 'legacy', 'legacy', '--tp', '1', '--pp', '4', '--layer-list', '1,1,1,1'],
      ['legacy', 'ms', 'mindspore'],
      ['ms', 'again', 'hf'],
    ] as const
    for (const [from, to, layout, ...options] of steps) {
      expect(await runProgram(['checkpoint', 'convert', at(from), at(to), '--to', layout, ...options])).toBe(0)
    }
    expect(await content(at('hf'))).toEqual(await content(at('model')))
    expect(await content(at('again'))).toEqual(await content(at('model')))
    expect(await runProgram(['checkpoint', 'verify', at('ms'), '--against', at('model')])).toBe(0)
    const shard = await shardDigests(at('mcore/iter_0000001/mp_rank_01_000/model_optim_rng.pt'))
    expect(shard.has('model/decoder.layers.0.self_attention.linear_proj.bias')).toBe(true)
    expect(shard.has('model/decoder.layers.0.self_attention.linear_qkv.bias')).toBe(hasBias)
    await using opened = await openCheckpoint(at('ms'))
    expect(opened.stored.map(({ name }) => name)).toContain('dock.3.key_value.weight')
    expect(opened.summary).toMatchObject({ model: { family: 'harbor', oBias: true, qkvBias: hasBias }, problems: [] })
  })

  it('is known to MindSpore files without a configuration where its heads are the usual ones', async () => {
    await addFamily(file)
    const usual = { ...harbor.usual, headDim: 8 }
    await setPluginFamilies([])
    writeFileSync(at('small.json'), JSON.stringify({ ...harbor, usual }))
    await addFamily(at('small.json'))
    writeHarborModel(at('model'), true)
    await runProgram(['checkpoint', 'convert', at('model'), at('ms'), '--to', 'mindspore'])
    mkdirSync(at('bare'))
    writeFileSync(at('bare/x.ckpt'), readFileSync(at('ms/mindspore_model.ckpt')))
    await using bare = await openCheckpoint(at('bare'))
    await using whole = await openCheckpoint(at('model'))
    expect(bare.model).toEqual(whole.model)
    expect(bare.tensors.size).toBe(whole.tensors.size)
  })

  it('is listed, replaced and removed', async () => {
    expect(await addFamily(file)).toMatchObject({ id: 'harbor', layouts: ['hf', 'mindspore', 'megatron'] })
    await addFamily(file)
    expect((await listFamilies()).families.map(({ id, origin }) => `${id} ${origin}`)).toEqual([
      'llama2 shipped',
      'qwen1.5 shipped',
      'mistral shipped',
      'telechat2 shipped',
      'harbor command',
    ])
    expect(readdirSync(at('state/families'))).toEqual(['harbor.json'])
    await removeFamily('harbor')
    expect(await failure(removeFamily('harbor'))).toMatchObject({ code: 'family.definitionMissing' })
    expect(readdirSync(at('state/families'))).toEqual([])
  })

  it('says what its definition lacks for a layout', async () => {
    const { mindspore: _, megatron: __, ...layouts } = harbor.layouts
    writeFileSync(at('bare.json'), JSON.stringify({ ...harbor, layouts }))
    await addFamily(at('bare.json'))
    writeHarborModel(at('model'), false)
    await using opened = await openCheckpoint(at('model'))
    const { writeCheckpoint } = await import('../../../../../../engine/checkpoint/write.ts')
    for (const target of [{ layout: 'mindspore' }, { layout: 'mcore', tp: 1, pp: 1 }] as const) {
      const work = writeCheckpoint({ source: opened, output: at('out'), target })
      expect(await failure(work)).toMatchObject({ code: 'checkpoint.familyLayout' })
      expect(existsSync(at('out'))).toBe(false)
    }
  })
})

describe('a definition', () => {
  it('may not take the place of a shipped family or of another one', async () => {
    const refuse = async (change: object): Promise<string> => {
      writeFileSync(at('x.json'), JSON.stringify({ ...harbor, ...change }))
      return (await failure(addFamily(at('x.json')))).code
    }
    expect(await refuse({ id: 'llama2' })).toBe('family.definitionTaken')
    expect(await refuse({ architectures: ['HarborLM', 'Qwen2ForCausalLM'] })).toBe('family.definitionTaken')
    await addFamily(file)
    expect(await refuse({ id: 'pier' })).toBe('family.definitionTaken')
    expect(await refuse({ id: '../../x' })).toBe('family.definitionInvalid')
    writeFileSync(at('x.json'), '{')
    expect(await failure(addFamily(at('x.json')))).toMatchObject({ params: { field: 'JSON' } })
    writeFileSync(at('x.json'), ' '.repeat(300_000))
    expect(await failure(addFamily(at('x.json')))).toMatchObject({ code: 'family.definitionInvalid' })
    expect(await failure(addFamily(at('nothing')))).toMatchObject({ code: 'file.missing' })
  })

  it('that was damaged on disk does not count, is named, and can be removed', async () => {
    await addFamily(file)
    const path = at('state/families/harbor.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('HarborLM', 'LlamaForCausalLM'))
    writeFileSync(at('state/families/other.json'), 'null')
    const { families, refused } = await listFamilies()
    expect(families.every(({ origin }) => origin === 'shipped')).toBe(true)
    expect(refused.map(({ id, error }) => `${id} ${error.code}`)).toEqual([
      'harbor family.definitionTaken',
      'other family.definitionInvalid',
    ])
    await removeFamily('other')
    expect(await runProgram(['family', 'remove', 'harbor'])).toBe(0)
    expect((await listFamilies()).refused).toEqual([])
  })

  it('of a plugin comes and goes with it, and leaves what was added by hand alone', async () => {
    const other = { ...definition, id: 'pier', architectures: ['PierLM'] }
    const clash = { ...definition, id: 'mole', architectures: ['LlamaForCausalLM'] }
    const set = await setPluginFamilies([definition, other, clash])
    expect(set.families.slice(4).map(({ id, origin }) => `${id} ${origin}`)).toEqual(['harbor plugin', 'pier plugin'])
    expect(set.refused).toMatchObject([{ id: 'mole', error: { code: 'family.definitionTaken' } }])
    await removeFamily('harbor')
    await addFamily(file)
    const after = await setPluginFamilies([definition])
    expect(after.families.slice(4).map(({ id, origin }) => `${id} ${origin}`)).toEqual(['harbor command'])
    expect(after.refused).toMatchObject([{ id: 'harbor' }])
  })
})
