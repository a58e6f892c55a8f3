import { AlpacaHandler } from '../handlers/alpaca.ts'
import { ShareGptHandler } from '../handlers/sharegpt.ts'
import { ShareGptColumns } from '../../protocol/tasks.ts'
import { templateTokens } from '../templates/catalog.ts'
import { loadTokenizer } from '../tokenizers/load.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { ConversationEncoder } from './conversation.ts'
import type { EncodingSpec, RowEncoder } from './encoder.ts'
import { GeneralEncoder } from './general.ts'
import { belleTurns, leetcode, plainInstruction } from './instruction-forms.ts'
import { MossEncoder } from './moss.ts'
import { PretrainEncoder } from './pretrain.ts'

/** The encoder for a handler. @throws dataset.templateToken */
export function createEncoder(spec: EncodingSpec, tokenizer: Tokenizer): RowEncoder {
  const isCompat = spec.compat !== undefined
  const sharegpt = spec.sharegpt ?? ShareGptColumns.parse({})
  const conversations = (handler: AlpacaHandler | ShareGptHandler, isPairwise: boolean) =>
    new ConversationEncoder(spec, handler, tokenizer, isPairwise)
  switch (spec.handler) {
    case 'alpaca':
      return conversations(new AlpacaHandler(spec.columns, { isCompat }), false)
    case 'alpaca-pairwise':
      return conversations(new AlpacaHandler(spec.columns, { isCompat, isPairwise: true }), true)
    case 'sharegpt':
      return conversations(new ShareGptHandler(sharegpt, { isCompat }), false)
    case 'sharegpt-pairwise':
      return conversations(new ShareGptHandler(sharegpt, { isCompat, isPairwise: true }), true)
    case 'general':
      return new GeneralEncoder(spec, tokenizer, plainInstruction)
    case 'belle':
      return new GeneralEncoder(spec, tokenizer, belleTurns)
    case 'leetcode':
      return new GeneralEncoder(spec, tokenizer, leetcode)
    case 'moss':
      return new MossEncoder(spec, tokenizer)
    case 'pretrain':
      return PretrainEncoder.ofColumns(spec, tokenizer)
    case 'alpaca-pretrain':
      return PretrainEncoder.ofAlpaca(spec, tokenizer)
  }
}

/** Whether samples of a handler are written in a template. */
export const usesTemplate = ({ handler }: Pick<EncodingSpec, 'handler'>): boolean =>
  /^(alpaca|sharegpt)(-pairwise)?$/.test(handler)

/** Whether samples are written in one of the templates by name. */
export const usesNamedTemplate = (spec: Pick<EncodingSpec, 'handler' | 'chatTemplate'>): boolean =>
  usesTemplate(spec) && spec.chatTemplate !== true

/** The tokenizer of a spec, with the special tokens that its template adds. @throws as loadTokenizer does */
export function loadTokenizerFor(
  spec: Pick<EncodingSpec, 'handler' | 'template' | 'chatTemplate' | 'tokenizer' | 'slowTokenizer'>,
): Promise<Tokenizer> {
  const slow = spec.slowTokenizer === true
  return loadTokenizer(spec.tokenizer, usesNamedTemplate(spec) ? { slow, ...templateTokens(spec.template) } : { slow })
}
