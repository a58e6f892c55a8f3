import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEncoder, loadTokenizerFor } from '#engine/dataset/encoders/create.ts'
import { ChatTemplate } from '#engine/dataset/templates/chat-template.ts'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'
import { TokenBuffer } from '#engine/dataset/tokenizers/token-buffer.ts'
import type { Tokenizer } from '#engine/dataset/tokenizers/tokenizer.ts'
import type { Turn } from '#engine/dataset/conversation.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const fixtures = path.join(import.meta.dirname, '../../../../fixtures/dataset')
const qwen = path.join(fixtures, 'qwen15-tokenizer')
const LLAMA =
  "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}" +
  "{{ raise_exception('roles must alternate') }}{% endif %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]" +
  "{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-chat-template-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A copy of the Mistral tokenizer with a template of its own. */
async function withTemplate(template: string): Promise<string> {
  await cp(path.join(fixtures, 'mistral-tokenizer'), folder, { recursive: true })
  await writeFile(path.join(folder, 'chat_template.jinja'), template)
  return folder
}

const turns = (...contents: string[]): Turn[] =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))

function render(tokenizer: Tokenizer, input: Parameters<ChatTemplate['renderInto']>[0]) {
  const [ids, labels] = [new TokenBuffer(), new TokenBuffer()]
  new ChatTemplate(tokenizer).renderInto(input, ids, labels)
  const trained = labels.toArray().map((label, i) => (label === -100 ? null : ids.data[i]))
  expect(labels.toArray().every((label, i) => label === -100 || label === ids.data[i])).toBe(true)
  return { ids: ids.toArray(), trained: trained.filter((id) => id !== null) as number[] }
}

describe('the chat template of a tokenizer', () => {
  it('writes ChatML, and trains answers from behind the words that begin them', async () => {
    const tokenizer = await loadTokenizer(qwen)
    const { ids, trained } = render(tokenizer, { system: 'S', tools: '', turns: turns('u1', 'a1', 'u2', '答 2') })
    const text =
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nu1<|im_end|>\n<|im_start|>assistant\na1<|im_end|>\n' +
      '<|im_start|>user\nu2<|im_end|>\n<|im_start|>assistant\n答 2<|im_end|>\n'
    expect(ids).toEqual(tokenizer.encode(text))
    expect(trained).toEqual([...tokenizer.encode('a1<|im_end|>\n'), ...tokenizer.encode('答 2<|im_end|>\n')])
  })

  it('trains the last answer only where that is asked for', async () => {
    const tokenizer = await loadTokenizer(qwen)
    const input = { system: '', tools: '', turns: turns('u1', 'a1', 'u2', 'a2'), trainsLastOnly: true }
    expect(render(tokenizer, input).trained).toEqual(tokenizer.encode('a2<|im_end|>\n'))
  })

  it('ends an answer at its EOS, and reads the template from a file of its own', async () => {
    const tokenizer = await loadTokenizer(
      await withTemplate(LLAMA.replace('{{ eos_token }}', "{{ eos_token }}{{ '\\n' }}")),
    )
    const { ids, trained } = render(tokenizer, { system: '', tools: '', turns: turns('hello', 'hi') })
    expect(ids[0]).toBe(tokenizer.bosId)
    expect(trained.at(-1)).toBe(tokenizer.eosId)
    expect(tokenizer.decode(trained).trim()).toBe('hi')
  })

  it('hands tools and calls to the template', async () => {
    const template =
      "{% if tools %}{{ tools[0]['name'] }}|{% endif %}{% for m in messages %}{{ m['role'] }}:" +
      "{% if m['tool_calls'] %}{{ m['tool_calls'][0]['function']['name'] }}{% else %}{{ m['content'] }}{% endif %};{% endfor %}" +
      '{% if add_generation_prompt %}assistant:{% endif %}'
    const tokenizer = await loadTokenizer(await withTemplate(template))
    const input = {
      system: '',
      tools: '[{"name":"clock"}]',
      turns: [
        { role: 'user', content: 'when' },
        { role: 'function', content: '{"name":"now","arguments":{}}' },
        { role: 'observation', content: '12' },
        { role: 'assistant', content: 'noon' },
      ] as Turn[],
    }
    expect(new ChatTemplate(tokenizer).text(input, false)).toBe('clock|user:when;assistant:now;tool:12;assistant:noon;')
  })

  it.each([
    ['{% if add_generation_prompt %}<think>{% endif %}{{ messages|length }}', 'it writes an answer in other words'],
    ['{% for %}', ''],
  ])('refuses %j', async (template, reason) => {
    const tokenizer = await loadTokenizer(await withTemplate(template))
    expect(() => new ChatTemplate(tokenizer)).toThrow(
      expect.objectContaining({ code: 'dataset.chatTemplate' }) as Error,
    )
    expect(() => new ChatTemplate(tokenizer)).toThrow(reason)
  })

  it('sets rows aside that it does not take', async () => {
    const spec = PreprocessSpec.parse({
      ...{ input: '', outputPrefix: '', handler: 'alpaca', template: 'empty', chatTemplate: true },
      ...{ tokenizer: await withTemplate(LLAMA), columns: { system: 'system' } },
    })
    const encoder = createEncoder(spec, await loadTokenizerFor(spec))
    const row = (system: string) => ({
      ...{ row: 1, line: 1, bytes: 1 },
      value: { instruction: 'q', input: '', output: 'a', system },
    })
    expect(encoder.encode(row(''))).toHaveProperty('sequences')
    expect(encoder.encode(row('be brief'))).toMatchObject({ reason: 'notInTemplate', detail: 'roles must alternate' })
  })

  it('is missing where the tokenizer has none', async () => {
    const tokenizer = await loadTokenizer(path.join(fixtures, 'llama2-tokenizer'))
    expect(tokenizer.chatTemplate).toBeNull()
    expect(() => new ChatTemplate(tokenizer)).toThrow('there is none')
  })
})
