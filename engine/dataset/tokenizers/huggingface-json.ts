import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'

const component = z.looseObject({ type: z.string() }).nullable()
/** A normalizer, pre-tokenizer or decoder as the file describes it. */
export type Component = NonNullable<z.infer<typeof component>>

const HuggingFaceFile = z.object({
  added_tokens: z
    .array(
      z.object({
        id: z.number().int().nonnegative(),
        content: z.string(),
        single_word: z.boolean().default(false),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        normalized: z.boolean().default(true),
        special: z.boolean().default(false),
      }),
    )
    .default([]),
  normalizer: component.default(null),
  pre_tokenizer: component.default(null),
  post_processor: component.default(null),
  decoder: component.default(null),
  model: z.object({
    // Files written before the type was recorded hold BPE when they have merges.
    type: z.string().default('BPE'),
    vocab: z.unknown(),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).optional(),
    dropout: z.number().nullish(),
    unk_token: z.string().nullish(),
    /** Of a unigram model. */
    unk_id: z.number().int().nonnegative().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    fuse_unk: z.boolean().default(false),
    byte_fallback: z.boolean().default(false),
    ignore_merges: z.boolean().default(false),
  }),
})

export type HuggingFaceFile = Omit<z.infer<typeof HuggingFaceFile>, 'model'> & {
  model: Omit<z.infer<typeof HuggingFaceFile>['model'], 'vocab' | 'merges'> & {
    vocab: ReadonlyMap<string, number>
    /** Of the pieces of a unigram model, by id; BPE has none. */
    scores?: readonly number[]
    merges: readonly (readonly [string, string])[]
  }
}

/** Reads a `tokenizer.json`. @throws dataset.tokenizerInvalid, dataset.tokenizerUnsupported */
export function parseHuggingFaceTokenizer(bytes: Uint8Array, file: string): HuggingFaceFile {
  try {
    const parsed = HuggingFaceFile.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const { model } = parsed
    if (model.type !== 'BPE' && model.type !== 'Unigram') {
      throw new AppError('dataset.tokenizerUnsupported', { file, component: `the model type "${model.type}"` })
    }
    for (const name of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix'] as const) {
      if (model[name]) throw new AppError('dataset.tokenizerUnsupported', { file, component: `model.${name}` })
    }
    const { vocab, ...pieces } = model.type === 'Unigram' ? unigramOf(model) : { vocab: vocabularyOf(model.vocab) }
    const merges = (model.merges ?? []).map((merge) => (typeof merge === 'string' ? splitMerge(merge) : merge))
    // The library takes the id of the vocabulary where an added token is in there too.
    const added_tokens = parsed.added_tokens.map((token) => ({ ...token, id: vocab.get(token.content) ?? token.id }))
    return { ...parsed, added_tokens, model: { ...model, ...pieces, vocab, merges } }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new AppError('dataset.tokenizerInvalid', { file, reason }, { cause })
  }
}

const vocabularyOf = (vocab: unknown): ReadonlyMap<string, number> =>
  new Map(Object.entries(z.record(z.string(), z.number().int().nonnegative()).parse(vocab)))

/** Pieces with their scores; the place in the list is the id. */
function unigramOf({ vocab, unk_id }: { vocab: unknown; unk_id?: number | null | undefined }) {
  const pieces = z.array(z.tuple([z.string(), z.number()])).parse(vocab)
  const unk_token = unk_id === undefined || unk_id === null ? null : pieces[unk_id]?.[0]
  if (unk_token === undefined) throw new SyntaxError(`the unknown piece ${unk_id} is not among the ${pieces.length}`)
  return {
    vocab: new Map(pieces.map(([text], id) => [text, id])),
    scores: pieces.map(([, score]) => score),
    unk_token,
    // The library joins unknown characters of a unigram model whatever the file says.
    fuse_unk: true,
  }
}

function splitMerge(merge: string): [string, string] {
  const cut = merge.indexOf(' ')
  if (cut < 0) throw new SyntaxError(`the merge "${merge}" has no space between its two parts`)
  return [merge.slice(0, cut), merge.slice(cut + 1)]
}
