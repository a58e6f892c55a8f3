import { describe, expect, it } from 'vitest'
import { describeTools, readCall } from '#engine/dataset/templates/tools.ts'

describe('describeTools', () => {
  it('lists tools with their arguments', () => {
    const tools = [
      {
        name: 'weather',
        description: 'Get it',
        parameters: {
          properties: {
            city: { type: 'string', description: 'where' },
            unit: { type: 'string', description: 'unit', enum: ['C', 'F'] },
            days: { type: 'array', description: 'days', items: { type: 'integer' } },
          },
          required: ['city'],
        },
      },
      { name: 'time', parameters: { properties: {} } },
    ]
    expect(describeTools(JSON.stringify(tools))).toBe(
      [
        'You have access to the following tools:',
        '> Tool Name: weather',
        'Tool Description: Get it',
        'Tool Args:',
        '  - city (string, required): where',
        '  - unit (string): unit, should be one of [C, F]',
        '  - days (array): days, where each item should be integer',
        '',
        '> Tool Name: time',
        'Tool Description: ',
        'Tool Args:',
        '',
        'Use the following format if using a tool:',
        '```',
        'Action: tool name (one of [weather, time]).',
        'Action Input: the input to the tool, in a JSON format representing the kwargs ' +
          '(e.g. ```{"input": "hello world", "num_beams": 5}```).',
        '```',
        '',
      ].join('\n'),
    )
  })

  it('writes what is no text as Python does', () => {
    const parameters = { properties: { a: { type: ['string', 'null'], description: null } } }
    const text = describeTools(JSON.stringify([{ name: 'f', description: null, parameters }]))
    expect(text).toContain("Tool Description: None\nTool Args:\n  - a (['string', 'null']): None\n")
  })

  it.each([{ enum: [1, 2] }, { items: 'text' }])('says nothing where a parameter is %j', (parameter) => {
    expect(describeTools(JSON.stringify([{ name: 'f', parameters: { properties: { a: parameter } } }]))).toBe('')
  })

  it.each(['', '[]', 'not json', '{}', '[{"name": 1}]'])('says nothing for %j', (json) => {
    expect(describeTools(json)).toBe('')
  })
})

describe('readCall', () => {
  it('writes the arguments as Python does', () => {
    expect(readCall('{"name":"weather","arguments":{"city":"北京","days":[1,2.0]}}')).toEqual({
      name: 'weather',
      arguments: '{"city": "北京", "days": [1, 2.0]}',
    })
  })

  it.each(['', 'not json', '[]', '{"name":"weather"}'])('is empty for %j', (json) => {
    expect(readCall(json)).toEqual({ name: '', arguments: '' })
  })
})
