import path from 'node:path'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import type { Task } from '../tasks/context.ts'
import { preprocess } from './preprocess.ts'
import { rejectedPath } from './indexed/format.ts'

const phase = { en: 'Encoding rows', 'zh-CN': '正在编码数据' }

/** The task `dataset.preprocess`: raw rows to a Megatron instruction dataset with a passport. */
export const preprocessDataset: Task<PreprocessSpec> = async (spec, context) => {
  const prefix = path.resolve(spec.outputPrefix)
  context.log(`Reading ${path.resolve(spec.input)} with the tokenizer of ${path.resolve(spec.tokenizer)}`)
  const startedAt = performance.now()
  const passport = await preprocess(spec, {
    signal: context.signal,
    advance(done, total, { rows, tokens }) {
      const also = [
        { unit: 'rows' as const, done: rows },
        { unit: 'tokens' as const, done: tokens },
      ]
      context.progress({ phase, done, total, unit: 'bytes', also })
    },
  })
  const seconds = (performance.now() - startedAt) / 1000
  context.log(`${passport.rows} rows, ${passport.samples} samples, ${passport.tokens} tokens`)
  context.log(`${passport.trainedTokens} tokens are trained, ${passport.tokens - passport.trainedTokens} are masked`)
  const { min, max, mean } = passport.lengths
  context.log(`Lengths ${min} to ${max}, ${mean.toFixed(1)} on average`)
  const rejected = Object.entries(passport.rejected)
  for (const [reason, count] of rejected) context.log(`Set aside: ${count} rows (${reason})`)
  if (rejected.length > 0) context.log(`They are in ${rejectedPath(prefix)}`)
  context.log(`Done in ${seconds.toFixed(1)} s, ${Math.round(passport.tokens / seconds)} tokens/s: ${prefix}`)
  context.artifact({ kind: 'dataset', path: prefix, passport })
  return { prefix, passport }
}
