import path from 'node:path'
import { diskSpace } from '../host/facts.ts'
import type { LengthRule } from '../protocol/datasets.ts'
import type { Finding } from '../protocol/plan.ts'
import type { DatasetTemplate, PreprocessSpec } from '../protocol/tasks.ts'
import { usesNamedTemplate } from './encoders/create.ts'
import { templates, templateTokens } from './templates/catalog.ts'
import { loadTokenizer } from './tokenizers/load.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** As the page writes numbers, in both languages. */
const grouped = (count: number): string => count.toLocaleString('en-US').replaceAll(',', '\u202f')
const percent = (part: number, whole: number): string => {
  const share = (100 * part) / whole
  return `${share >= 1 || share === 0 ? share.toFixed(1) : share.toPrecision(2)} %`
}

/** What a template lacks in a tokenizer: words that would have to be added to the vocabulary, a beginning. */
export async function checkTemplate(
  spec: Pick<PreprocessSpec, 'handler' | 'template' | 'chatTemplate' | 'tokenizer' | 'slowTokenizer'>,
  tokenizer: Tokenizer,
): Promise<Finding[]> {
  if (!usesNamedTemplate(spec)) return []
  const findings: Finding[] = []
  const { added } = templateTokens(spec.template)
  const own = added.length === 0 ? tokenizer.vocabSize : await ownVocabulary(spec, tokenizer)
  if (own < tokenizer.vocabSize) {
    const words = added.join(', ')
    findings.push({
      level: 'warning',
      code: 'template.addsTokens',
      field: 'template',
      text: {
        en: `The template ${spec.template} needs ${words}, which the tokenizer lacks. They get ids from ${own} on, beyond the vocabulary of the model. Choose a template of the model.`,
        'zh-CN': `模板 ${spec.template} 需要 ${words}，但分词器中没有。它们会得到从 ${own} 开始的编号，超出模型的词表。请选择该模型的模板。`,
      },
    })
  }
  if (startsWithBos(spec.template) && tokenizer.bosId === null) {
    findings.push({
      level: 'warning',
      code: 'template.noBos',
      field: 'template',
      text: {
        en: `The template ${spec.template} starts with a BOS token, which the tokenizer does not have; it is left out. Choose a template of the model.`,
        'zh-CN': `模板 ${spec.template} 以 BOS 词元开头，但分词器中没有，该词元会被省略。请选择该模型的模板。`,
      },
    })
  }
  return findings
}

const startsWithBos = (template: DatasetTemplate): boolean => templates[template].prefix.includes('bos')

/** Vocabulary sizes of tokenizers without what a template adds, by the hash of their file. */
const ownSizes = new Map<string, number>()

async function ownVocabulary(
  { tokenizer: location, slowTokenizer }: Pick<PreprocessSpec, 'tokenizer' | 'slowTokenizer'>,
  { hash }: Tokenizer,
): Promise<number> {
  const known = ownSizes.get(hash)
  if (known !== undefined) return known
  const { vocabSize } = await loadTokenizer(location, { slow: slowTokenizer === true })
  ownSizes.set(hash, vocabSize)
  return vocabSize
}

/** What a sequence length does to the samples seen. */
export function checkLengths(lengths: readonly number[], rule: LengthRule, seqLength: number | undefined): Finding[] {
  if (seqLength === undefined || lengths.length === 0 || rule.kind === 'stream') return []
  const long = lengths.filter((length) => length > seqLength + rule.room).length
  if (long === 0) return []
  const [count, total, share] = [grouped(long), grouped(lengths.length), percent(long, lengths.length)]
  const limit = grouped(seqLength)
  if (rule.kind === 'cut') {
    return [
      lengthFinding('warning', 'length.cut', {
        en: `At ${limit} tokens ${count} of ${total} samples seen (${share}) are cut.`,
        'zh-CN': `序列长度为 ${limit} 时，已读取的 ${total} 个样本中有 ${count} 个（${share}）会被截断。`,
      }),
    ]
  }
  if (long === lengths.length) {
    return [
      lengthFinding('error', 'length.allDropped', {
        en: `At ${limit} tokens none of the ${total} samples seen fits. Use a longer sequence.`,
        'zh-CN': `序列长度为 ${limit} 时，已读取的 ${total} 个样本都放不下。请增大序列长度。`,
      }),
    ]
  }
  return [
    lengthFinding('warning', 'length.dropped', {
      en: `At ${limit} tokens ${count} of ${total} samples seen (${share}) are left out.`,
      'zh-CN': `序列长度为 ${limit} 时，已读取的 ${total} 个样本中有 ${count} 个（${share}）会被丢弃。`,
    }),
  ]
}

const lengthFinding = (level: Finding['level'], code: string, text: Finding['text']): Finding => ({
  level,
  code,
  field: 'seqLength',
  text,
})

/** Whether the disk of an output has room for what is about to be written. @param field of the form */
export async function checkSpace(field: string, output: string, bytes: number): Promise<Finding[]> {
  const { freeBytes: free } = await diskSpace(path.dirname(path.resolve(output)))
  if (free >= bytes) return []
  const gib = (value: number): string => (value / 1024 ** 3).toFixed(1)
  return [
    {
      level: 'error',
      code: 'output.space',
      field,
      text: {
        en: `The dataset needs about ${gib(bytes)} GiB, ${gib(free)} GiB are free. Free space, or choose another place.`,
        'zh-CN': `数据集约需 ${gib(bytes)} GiB，剩余 ${gib(free)} GiB。请释放空间或选择其他位置。`,
      },
    },
  ]
}
