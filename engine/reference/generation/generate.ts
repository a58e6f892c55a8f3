import { setImmediate } from 'node:timers/promises'
import { openCheckpoint } from '../../checkpoint/open.ts'
import { renderPrompt, stopIds } from '../../dataset/templates.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { TaskSpec } from '../../protocol/tasks.ts'
import type { Task } from '../../tasks/context.ts'
import { writeAnswer } from './answer.ts'
import { loadLanguageModel } from './language-model.ts'

/** Answers each prompt and prints both. */
export const generateReference: Task<TaskSpec<'reference.generate'>> = async (spec, context) => {
  await using checkpoint = await openCheckpoint(spec.checkpoint)
  const model = await loadLanguageModel(checkpoint)
  const { template, maxNewTokens, temperature, topK, topP, seed } = spec
  const answers: { prompt: string; answer: string; reason: string; tokens: number }[] = []
  for (const prompt of spec.prompts) {
    const ids = renderPrompt(template, model.tokenizer, [{ role: 'user', content: prompt }])
    let answer = ''
    const { reason, tokens, tokensPerSecond } = await writeAnswer(
      model,
      ids,
      {
        maxNewTokens,
        sampling: { temperature, topK, topP, seed },
        stopIds: stopIds(template, model.tokenizer),
        stopWords: [],
      },
      {
        isStopped: () => context.signal.aborted,
        async text(text) {
          answer += text
          // A stop arrives as an event.
          await setImmediate()
        },
      },
    )
    if (reason === 'stopped') throw new AppError('cancelled')
    answers.push({ prompt, answer, reason, tokens })
    context.log(`> ${prompt}`)
    context.log(answer)
    context.log(`  (${tokens} tokens, ${tokensPerSecond.toFixed(1)} per second, ended by ${reason})`)
    context.progress({ done: answers.length, total: spec.prompts.length, unit: 'rows' })
  }
  return { answers }
}
