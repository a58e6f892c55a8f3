import { describe, expect, it } from 'vitest'
import { parseConvertCkpt } from '../../../../../engine/cli/commands/convert-ckpt-request.ts'
import { UsageError } from '../../../../../engine/cli/session.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '')
const folders = '--model-type GPT --load-dir in --save-dir out'
const fromHf = `${folders} --load-model-type hf --save-model-type mg --tokenizer-model t`
const fromMg = `${folders} --load-model-type mg --save-model-type mg`
const toHf = `${folders} --load-model-type mg --save-model-type hf`

function refusal(line: string): string {
  try {
    parseConvertCkpt(words(line))
  } catch (error) {
    if (error instanceof AppError) return error.code
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'accepted'
}

describe('parseConvertCkpt', () => {
  it('reads a command line of the guide', () => {
    expect(
      parseConvertCkpt(
        words(
          `${fromHf} --use-mcore-models --target-tensor-parallel-size=8 --params-dtype bf16 --num-layer-list 1,2 ` +
            '--target-pipeline-parallel-size 2 --model-type-hf llama2 --add-qkv-bias --make-vocab-size-divisible-by 16',
        ),
      ),
    ).toMatchObject({
      source: { kind: 'hf' },
      target: { kind: 'mg', layout: 'mcore', tp: 8, pp: 2, vocabDivisor: 16, layerList: [1, 2] },
      paramsDtype: 'bf16',
      qkvBias: true,
    })
  })

  it.each([
    ['', 'legacy', 'legacy'],
    ['--use-mcore-models', 'mcore', 'mcore'],
    ['--use-mcore-models --load-from-legacy', 'legacy', 'mcore'],
    ['--use-mcore-models --save-to-legacy', 'mcore', 'legacy'],
    ['--use-mcore-models --save-to-legacy --load-from-legacy', 'legacy', 'legacy'],
  ])('takes the layouts from %j', (flags, from, to) => {
    const { source, target } = parseConvertCkpt(words(`${fromMg} ${flags}`))
    expect([source, target]).toMatchObject([{ layout: from }, { layout: to }])
  })

  it('reads the older form with plug-ins, whose sizes are those of the source', () => {
    const request = parseConvertCkpt(words(`${folders} --loader megatron --saver megatron`))
    expect(request).toMatchObject({ source: { kind: 'mg', layout: 'legacy' }, paramsDtype: 'fp16' })
    expect(request.target).toMatchObject({ kind: 'mg', tp: undefined, pp: undefined })
    const line = words(`${folders} --save-model-type save_huggingface_llama`)
    expect(parseConvertCkpt(line).target).toEqual({ kind: 'hf', folder: 'mg2hf' })
    expect(parseConvertCkpt(line, 'tools/checkpoint/convert_ckpt.py').target).toEqual({ kind: 'hf', folder: 'mg2hg' })
  })

  it('reads adapters with the defaults of the original', () => {
    expect(parseConvertCkpt(words(`${toHf} --lora-load l --lora-target-modules dense query_key_value`)).lora).toEqual({
      path: 'l',
      rank: 16,
      alpha: 32,
      targets: ['dense', 'query_key_value'],
    })
  })

  it.each([
    [`${fromHf} --lora-load l`, 'unrecognized arguments: --lora-load l'],
    [`${fromMg} --make-vocab-size-divisible-by 8`, 'unrecognized arguments: --make-vocab-size-divisible-by 8'],
    [`${fromHf} --target-tensor-parallel 2`, 'unrecognized arguments: --target-tensor-parallel 2'],
    [`${folders} --load-model-type hf`, 'the following arguments are required: --tokenizer-model'],
    [`${fromMg} --target-tensor-parallel-size two`, "argument --target-tensor-parallel-size: invalid int value: 'two'"],
    [
      `${folders} --load-model-type mg --save-model-type megatron`,
      "argument --save-model-type: invalid choice: 'megatron' (choose from 'mg', 'hf')",
    ],
    [`${fromMg} --params-dtype`, 'argument --params-dtype: expected one argument'],
    [`${folders} --load-model-type mg`, 'convertCkpt.noTarget'],
    [`${fromMg} --params-dtype bfloat16`, 'convertCkpt.dtype'],
    [`${fromMg} --model-type-hf qwen`, 'convertCkpt.family'],
    [`${fromMg} --model-type BERT`, 'convertCkpt.modelType'],
    [`${fromMg} --w-pack False`, 'convertCkpt.flagFamily'],
    [`${fromMg} --lora-load l`, 'convertCkpt.lora'],
    [`${fromMg} --lora-target-modules dense`, 'convertCkpt.lora'],
    [`${toHf} --target-tensor-parallel-size 2`, 'convertCkpt.hfParallel'],
    [`${toHf} --num-layer-list 2,2`, 'convertCkpt.hfStages'],
    [`${folders} --loader bloom_hf`, 'convertCkpt.plugin'],
    [`${folders} --use-mcore-models`, 'convertCkpt.mcoreOld'],
  ])('refuses %s', (line, reason) => {
    expect(refusal(line)).toBe(reason)
  })
})
