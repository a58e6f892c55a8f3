import { resolve } from 'node:path'
import { expandPath } from '../host/dirs.ts'
import { diskSpace } from '../host/facts.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { Finding } from '../protocol/plan.ts'
import type { TaskSpec } from '../protocol/tasks.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { openCheckpoint } from './open.ts'
import { conversionFindings, toFinding } from './preflight.ts'
import { bytesOfTarget } from './write.ts'
import { assertVacant } from './writing/atomic-folder.ts'

export interface ConversionCheck {
  readonly findings: Finding[]
  /** Bytes of the result; null where something is in the way of knowing. */
  readonly bytes: number | null
  readonly freeBytes: number
}

/**
 * What would keep a conversion from succeeding, all of it, without writing anything: the source against its
 * configuration, the target against the model, the output, the disk.
 *
 * @throws AppError where the source cannot be opened, or adapters do not fit it
 */
export async function checkConversion(spec: TaskSpec<'checkpoint.convert'>): Promise<ConversionCheck> {
  const { target } = spec
  const output = resolve(spec.output)
  const keepPadding = 'tp' in target && target.vocabDivisor === undefined
  const lora = spec.lora && { path: expandPath(spec.lora.checkpoint), targets: spec.lora.targets }
  await using opened = await openCheckpoint(spec.input, { keepPadding, lora, strategy: spec.strategy })
  const { model, summary, megatron } = opened
  const family = (await knownFamilies()).get(model.family)
  const dtype = spec.dtype ?? summary.dtype
  const findings = [
    ...summary.problems,
    ...conversionFindings({ model, family, target, from: summary.dtype, to: dtype }),
  ]
  const { freeBytes } = await diskSpace(output)
  const isPossible = !findings.some(({ level }) => level === 'error')
  const trueVocab = megatron?.trueVocab ?? model.vocab
  const options = { model: { ...model, vocab: trueVocab }, family, dtype, iteration: 1, trueVocab }
  const bytes = isPossible ? bytesOfTarget(target, options) : null
  if (bytes !== null && bytes > freeBytes) {
    const [needed, free] = [bytes, freeBytes].map((size) => `${(size / 2 ** 30).toFixed(1)} GiB`)
    findings.push(
      toFinding(new AppError('checkpoint.noRoom', { path: output, needed: needed ?? '', free: free ?? '' })),
    )
  }
  try {
    await assertVacant(output)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    findings.push(toFinding(error))
  }
  return { findings, bytes, freeBytes }
}
