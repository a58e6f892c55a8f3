import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { CanonicalTensor, TensorSource } from '../checkpoint/checkpoint.ts'
import { asFileError } from '../host/fs-errors.ts'
import { writeCheckpoint } from '../checkpoint/write.ts'
import { assertVacant } from '../checkpoint/writing/atomic-folder.ts'
import { loadTokenizer } from '../dataset/tokenizers/load.ts'
import { AppError } from '../protocol/errors/index.ts'
import { Dtype, ModelShape } from '../protocol/passport.ts'
import type { TaskSpec } from '../protocol/tasks.ts'
import type { Task } from '../tasks/context.ts'
import { elementCount, modelParameters, parameterCount, type Parameter } from './model/parameters.ts'
import { Random } from './random.ts'

/** Standard deviation of a fresh weight, as in Llama's own configuration. */
const INITIAL_STD = 0.02

const Definition = z.object({ shape: ModelShape, seed: z.number().int().nonnegative(), dtype: Dtype })

/**
 * Makes a Hugging Face checkpoint with seeded random weights from a folder with `model.json` (shape, seed, dtype) and
 * `tokenizer/`. The same definition gives the same bytes.
 *
 * @throws AppError `file.missing`, `file.exists`, `train.definitionInvalid`, `train.tokenizerTooLarge`
 */
export const createSampleCheckpoint: Task<TaskSpec<'checkpoint.create'>> = async (spec, context) => {
  await assertVacant(spec.output)
  const file = join(spec.definition, 'model.json')
  const { shape, seed, dtype } = await readDefinition(file)
  const tokenizerFolder = join(spec.definition, 'tokenizer')
  const tokenizer = await loadTokenizer(tokenizerFolder)
  if (tokenizer.vocabSize > shape.vocab) {
    throw new AppError('train.tokenizerTooLarge', {
      tokenizer: tokenizer.path,
      tokens: tokenizer.vocabSize,
      subject: file,
      vocab: shape.vocab,
    })
  }
  const parameters = modelParameters(shape)
  context.log(`${parameterCount(parameters)} random parameters from seed ${seed}`)
  const passport = await writeCheckpoint({
    source: randomModel(shape, parameters, seed),
    output: spec.output,
    target: { layout: 'hf' },
    dtype,
    assetsFrom: tokenizerFolder,
    context,
  })
  context.artifact({ kind: 'checkpoint', path: spec.output, passport })
  return { output: spec.output, passport }
}

async function readDefinition(file: string): Promise<z.infer<typeof Definition>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw asFileError(error, file)
  })
  try {
    return Definition.parse(JSON.parse(text))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error)
    throw new AppError('train.definitionInvalid', { file, reason }, { cause: error })
  }
}

/**
 * Norms are 1, biases 0, matrices normal. Projections back into the residual stream are narrower by sqrt(2 layers), so
 * that the stream does not grow with the depth (as in GPT-2 and Megatron).
 */
function randomModel(model: ModelShape, parameters: readonly Parameter[], seed: number): TensorSource {
  const tensors = new Map<string, CanonicalTensor>(
    parameters.map(({ name, shape }) => [name, { name, shape, dtype: 'fp32' }]),
  )
  const made = new Map<string, Float32Array>()
  const make = (name: string): Float32Array => {
    const index = parameters.findIndex((parameter) => parameter.name === name)
    const count = elementCount(parameters[index]?.shape ?? [])
    const values = new Float32Array(count)
    if (name.endsWith('Norm')) return values.fill(1)
    if (name.endsWith('.bias')) return values
    const isBack = name.endsWith('.o') || name.endsWith('.down')
    const std = isBack ? INITIAL_STD / Math.sqrt(2 * model.layers) : INITIAL_STD
    // A generator per tensor, so that the order in which a writer asks for them does not matter.
    const random = new Random(seed, index)
    for (let i = 0; i < count; i++) values[i] = std * random.normal()
    return values
  }
  return {
    model,
    tensors,
    async readRows(name, from, to) {
      const values = made.get(name) ?? make(name)
      // Writers ask for the rows of one tensor after the other.
      made.clear()
      made.set(name, values)
      const rowSize = elementCount(tensors.get(name)?.shape.slice(1) ?? [])
      return new Uint8Array(values.slice(from * rowSize, to * rowSize).buffer)
    },
  }
}
