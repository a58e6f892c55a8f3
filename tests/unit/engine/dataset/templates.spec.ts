import { describe, expect, it } from 'vitest'
import { renderConversation, renderPrompt, type TemplateName } from '#engine/dataset/templates.ts'
import type { TokenBuffer } from '#engine/dataset/tokenizers/token-buffer.ts'
import type { Tokenizer } from '#engine/dataset/tokenizers/tokenizer.ts'
import type { ChatMessage } from '#engine/protocol/chat.ts'

const BOS = 1
const EOS = 2

/** One id per text that it is asked to encode, so that a test sees the texts apart. */
function textTokenizer(bosId: number | null = BOS): { tokenizer: Tokenizer; show(ids: number[]): string[] } {
  const texts: string[] = []
  const tokenizer = {
    bosId,
    eosId: EOS,
    path: '/models/none',
    encodeInto(text: string, out: TokenBuffer) {
      out.push(100 + texts.length)
      texts.push(text)
    },
  } as unknown as Tokenizer
  const show = (ids: number[]) =>
    ids.map((id) => (id === BOS ? '<bos>' : id === EOS ? '<eos>' : (texts[id - 100] ?? '?')))
  return { tokenizer, show }
}

const messages: ChatMessage[] = [
  { role: 'system', content: 'S' },
  { role: 'user', content: 'U1' },
  { role: 'assistant', content: 'A1' },
  { role: 'user', content: 'U2' },
  { role: 'assistant', content: 'A2' },
]

function render(template: TemplateName, given: ChatMessage[]): { texts: string[]; trained: string[] } {
  const { tokenizer, show } = textTokenizer()
  const { ids, labels } = renderConversation(template, tokenizer, given)
  expect(labels).toHaveLength(ids.length)
  ids.forEach((id, i) => expect([-100, id]).toContain(labels[i]))
  return { texts: show(ids), trained: show(labels.filter((label) => label !== -100)) }
}

describe('renderConversation', () => {
  it('writes llama2 with the system text inside the first user message and a BOS per user turn', () => {
    expect(render('llama2', messages)).toEqual({
      texts: [
        '<bos>',
        '[INST] <<SYS>>\nS\n<</SYS>>\n\nU1 [/INST]',
        'A1',
        '<eos>',
        '<bos>',
        '[INST] U2 [/INST]',
        'A2',
        '<eos>',
      ],
      trained: ['A1', '<eos>', 'A2', '<eos>'],
    })
  })

  it('writes default with a line break between turns', () => {
    expect(render('default', messages)).toEqual({
      texts: ['S\n', 'Human: U1\nAssistant:', 'A1', '<eos>', '\n', 'Human: U2\nAssistant:', 'A2', '<eos>'],
      trained: ['A1', '<eos>', 'A2', '<eos>'],
    })
  })

  it('writes empty as the bare contents', () => {
    expect(render('empty', messages)).toEqual({ texts: ['S', 'U1', 'A1', 'U2', 'A2'], trained: ['A1', 'A2'] })
  })

  it('writes alpaca with its own system text where none is given', () => {
    const system =
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n'
    expect(render('alpaca', messages.slice(1)).texts).toEqual([
      system,
      '### Instruction:\nU1\n\n### Response:\n',
      'A1',
      '<eos>',
      '\n\n',
      '### Instruction:\nU2\n\n### Response:\n',
      'A2',
      '<eos>',
    ])
    expect(render('alpaca', messages.slice(0, 3)).texts[0]).toBe('S')
  })

  it('keeps an empty answer as its end only, and replaces no pattern signs of the content', () => {
    const turn: ChatMessage[] = [
      { role: 'user', content: "$& {c} $'" },
      { role: 'assistant', content: '' },
    ]
    expect(render('llama2', turn)).toEqual({
      texts: ['<bos>', "[INST] $& {c} $' [/INST]", '<eos>'],
      trained: ['<eos>'],
    })
  })

  it.each([
    ['no turn', messages.slice(0, 1)],
    ['a user at the end', messages.slice(0, 2)],
    ['an assistant first', messages.slice(2, 3)],
  ])('refuses %s', (_name, given) => {
    const { tokenizer } = textTokenizer()
    expect(() => renderConversation('llama2', tokenizer, given)).toThrow(
      expect.objectContaining({ code: 'input.invalid' }),
    )
  })

  it('refuses llama2 for a tokenizer without BOS', () => {
    const { tokenizer } = textTokenizer(null)
    const failure = expect.objectContaining({ code: 'dataset.templateToken' })
    expect(() => renderConversation('llama2', tokenizer, messages)).toThrow(failure)
    expect(() => renderConversation('default', tokenizer, messages)).not.toThrow()
  })
})

describe('renderPrompt', () => {
  it('ends where the assistant is to go on', () => {
    const { tokenizer, show } = textTokenizer()
    const ids = renderPrompt('llama2', tokenizer, messages.slice(0, 4))
    expect(show(ids).slice(-3)).toEqual(['<eos>', '<bos>', '[INST] U2 [/INST]'])
  })

  it('refuses a conversation that ends with the assistant', () => {
    const { tokenizer } = textTokenizer()
    expect(() => renderPrompt('llama2', tokenizer, messages)).toThrow(
      expect.objectContaining({ code: 'input.invalid' }),
    )
  })
})
