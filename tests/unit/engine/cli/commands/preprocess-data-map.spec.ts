import { describe, expect, it } from 'vitest'
import { alpacaColumnsOf, shareGptColumnsOf } from '#engine/cli/commands/preprocess-data-map.ts'

describe('--map-keys', () => {
  it('keeps the defaults of what is not given, and switches off what is empty', () => {
    expect(alpacaColumnsOf('{"prompt": "q", "query": ""}')).toMatchObject({
      prompt: 'q',
      query: '',
      response: 'output',
      history: '',
    })
    expect(shareGptColumnsOf('{"messages": "chat"}')).toMatchObject({
      messages: 'chat',
      system: '',
      tags: { user: 'human' },
    })
  })

  it('takes away every tag that is left out when tags are given', () => {
    const { tags } = shareGptColumnsOf('{"tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user"}}')
    expect(tags).toEqual({
      role: 'role',
      content: 'content',
      user: 'user',
      assistant: null,
      observation: null,
      function: null,
      system: null,
    })
  })

  it.each([
    [alpacaColumnsOf, '{"tools": "tools"}', ' tools is unvalid, Please check map_keys'],
    [alpacaColumnsOf, '{"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":""}', 'Please check map_keys'],
    [alpacaColumnsOf, 'prompt=q', 'argument --map-keys: invalid loads value'],
    [shareGptColumnsOf, '{"prompt": "q"}', ' prompt is unvalid'],
    [shareGptColumnsOf, '{"tags": {"user": "human"}}', '--map-keys, tags'],
  ] as const)('refuses %#: %s', (read, json, message) => {
    expect(() => read(json)).toThrow(message)
  })
})
