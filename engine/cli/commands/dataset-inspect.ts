import type { Command } from 'commander'
import type { TokenSpan } from '../../protocol/datasets.ts'
import type { DatasetPassport, TokenHistogram } from '../../protocol/passport.ts'
import { addCommand, examples, integer, type Outcome, pathAt } from '../options.ts'
import type { Session } from '../session.ts'

const BAR = 40
const SHOWN_TOKENS = 20

/** `awb dataset inspect`: a written dataset for people, or all of it as JSON. */
export function addInspectCommand(dataset: Command, outcome: Outcome): void {
  addCommand<{ sample: number }>(
    dataset,
    outcome,
    'inspect <prefix>',
    'passport, lengths, tokens and one sample of a written dataset; trained parts stand between « and »',
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
        ...tokenLines(session, passport),
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

/** How a dataset uses its vocabulary, and the ids that occur most often. */
export function tokenLines(
  session: Pick<Session, 'text'>,
  { tokenHistogram: histogram, tokenizer: { vocab } }: Pick<DatasetPassport, 'tokenHistogram' | 'tokenizer'>,
): string[] {
  if (histogram === undefined) return []
  const { counted, distinct, unknown, byteFallback, special, outside, padding } = histogram
  const of = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`
  return [
    session.text(
      `Vocabulary: ${distinct} of ${vocab} ids occur, ${of(vocab - distinct, vocab)} are unused; of ${counted} tokens ` +
        `${unknown} are unknown (${of(unknown, counted)}), ${byteFallback} bytes (${of(byteFallback, counted)}), ` +
        `${special} control tokens (${of(special, counted)}); ${padding} places are filled up`,
      `词表：共 ${vocab} 个编号，出现 ${distinct} 个，${of(vocab - distinct, vocab)} 未使用；${counted} 个词元中` +
        `未知 ${unknown} 个（${of(unknown, counted)}），字节词元 ${byteFallback} 个（${of(byteFallback, counted)}），` +
        `控制词元 ${special} 个（${of(special, counted)}）；填充 ${padding} 个位置`,
    ),
    ...(outside === 0
      ? []
      : [
          session.text(
            `${outside} tokens have ids outside of the vocabulary: a model of it cannot take them`,
            `${outside} 个词元的编号超出词表，该词表的模型无法接受`,
          ),
        ]),
    session.text('Most frequent tokens:', '最常见的词元：'),
    ...topLines(histogram),
  ]
}

function topLines({ top, counted }: TokenHistogram): string[] {
  const shown = top.slice(0, SHOWN_TOKENS)
  const width = String(shown[0]?.count ?? 0).length
  return shown.map(({ id, text, count }) => {
    const part = `${((100 * count) / counted).toFixed(2)} %`
    return `${String(count).padStart(width)} ${part.padStart(7)}  ${JSON.stringify(text)} (${id})`
  })
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
