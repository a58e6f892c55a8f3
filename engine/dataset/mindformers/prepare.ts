import type { MindRecordSpec } from '../../protocol/tasks.ts'
import { openReader } from '../readers/open.ts'
import type { RowReader } from '../readers/reader.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { ChatmlHandler } from './chatml.ts'
import type { RecordHandler } from './handler.ts'
import { QaHandler } from './qa.ts'
import { SquadHandler } from './squad.ts'
import { TelechatHandler } from './telechat.ts'
import { telechatTokens } from './telechat-samples.ts'
import { loadLlama, loadQwen, loadTelechat } from './tokenizers.ts'
import { WholeFileReader } from './whole-file.ts'
import { WikiHandler } from './wiki.ts'

export interface Prepared {
  readonly reader: RowReader
  readonly tokenizer: Tokenizer
  readonly handler: RecordHandler
}

/** What a spec takes: a source of rows, the tokenizer as MindFormers has it, and what makes records of rows. */
export async function prepare(spec: MindRecordSpec): Promise<Prepared> {
  // Training takes tokens 0 to L-1 as input and 1 to L as targets.
  const length = spec.seqLength + 1
  switch (spec.handler) {
    case 'wiki': {
      // A vocabulary of Qwen1.5 is JSON, one of Llama2 is not.
      const isQwen = spec.merges !== undefined || spec.tokenizer.endsWith('.json')
      const tokenizer = await (isQwen ? loadQwen(spec.tokenizer, spec.merges) : loadLlama(spec.tokenizer))
      const handler = new WikiHandler(tokenizer, length, spec.repeat)
      return { reader: WholeFileReader.wikitext(spec.input), tokenizer, handler }
    }
    case 'qa': {
      const tokenizer = await loadLlama(spec.tokenizer)
      return { reader: await openReader(spec.input), tokenizer, handler: new QaHandler(tokenizer, length) }
    }
    case 'squad': {
      const tokenizer = await loadLlama(spec.tokenizer)
      const handler = new SquadHandler(tokenizer, spec.seqLength, spec.mode)
      return { reader: WholeFileReader.squad(spec.input), tokenizer, handler }
    }
    case 'chatml': {
      const tokenizer = await loadQwen(spec.tokenizer, spec.merges)
      return { reader: await openReader(spec.input), tokenizer, handler: new ChatmlHandler(tokenizer, length) }
    }
    case 'telechat': {
      const tokenizer = await loadTelechat(spec.tokenizer)
      const tokens = telechatTokens(tokenizer, spec.tokens)
      const handler = new TelechatHandler(tokenizer, spec.tokens, tokens, { length, seed: spec.seed })
      return { reader: await openReader(spec.input), tokenizer, handler }
    }
  }
}
