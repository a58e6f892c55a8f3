import type { Command } from 'commander'
import type { TokenSpan } from '../../protocol/datasets.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { addCommand, examples, integer, type Outcome, pathAt } from '../options.ts'

const BAR = 40

/** `awb dataset inspect`: a written dataset for people, or all of it as JSON. */
export function addInspectCommand(dataset: Command, outcome: Outcome): void {
  addCommand<{ sample: number }>(
    dataset,
    outcome,
    'inspect <prefix>',
    'the passport, the lengths and one sample of a written dataset; trained parts stand between « and »',
    (command) =>
      examples(
        command.option('--sample <n>', 'number of the sample, from 0', integer(0), 0),
        'awb dataset inspect ./data/alpaca --sample 42',
      ),
    async (session, args, { sample }) => {
      const { inspectDataset } = await import('../../dataset/inspect.ts')
      const found = await inspectDataset({ prefix: pathAt(session, args, 0), sample })
      const { passport } = found
      session.result(found, () => [
        session.text(
          `${found.samples} samples, ${passport.tokens} tokens, ${passport.trainedTokens} of them trained`,
          `${found.samples} 个样本，${passport.tokens} 个词元，其中 ${passport.trainedTokens} 个参与训练`,
        ),
        session.text(
          `Lengths ${passport.lengths.min} to ${passport.lengths.max}, ${passport.lengths.mean.toFixed(1)} on average:`,
          `长度 ${passport.lengths.min} 至 ${passport.lengths.max}，平均 ${passport.lengths.mean.toFixed(1)}：`,
        ),
        ...histogramLines(passport.lengths),
        ...(found.sample
          ? [
              session.text(
                `Sample ${sample}, ${found.sample.length} tokens:`,
                `样本 ${sample}，${found.sample.length} 个词元：`,
              ),
              withMarks(found.sample.tokens),
            ]
          : []),
      ])
    },
  )
}

/** One line per bucket of lengths, with a bar by its share of the largest. */
export function histogramLines({ histogram }: DatasetPassport['lengths']): string[] {
  const most = Math.max(1, ...histogram.map(({ count }) => count))
  const labels = histogram.map(({ from, to }) => (to - from === 1 ? String(from) : `${from}–${to - 1}`))
  const width = Math.max(0, ...labels.map(({ length }) => length))
  return histogram.map(
    ({ count }, i) => `${(labels[i] ?? '').padStart(width)} ${'█'.repeat(Math.round((count / most) * BAR))} ${count}`,
  )
}

/** The text of tokens, with « and » around what is trained. */
export function withMarks(tokens: readonly TokenSpan[]): string {
  let text = ''
  let isInside = false
  for (const { text: part, isTrained } of tokens) {
    if (isTrained !== isInside) text += isTrained ? '«' : '»'
    isInside = isTrained
    text += part
  }
  return isInside ? `${text}»` : text
}
