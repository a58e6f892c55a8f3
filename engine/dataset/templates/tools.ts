import { z } from 'zod'
import { memberText, toPythonJson } from './python-json.ts'

const Parameter = z.looseObject({
  type: z.string().default(''),
  description: z.string().default(''),
  enum: z.array(z.string()).nullish(),
  items: z.looseObject({ type: z.string().default('') }).nullish(),
})
const Tools = z.array(
  z.looseObject({
    name: z.string(),
    description: z.string().default(''),
    parameters: z.looseObject({
      properties: z.record(z.string(), Parameter),
      required: z.array(z.string()).default([]),
    }),
  }),
)

const EXAMPLE = '```{"input": "hello world", "num_beams": 5}```'

/**
 * What the system text says of the tools, in the words of MindSpeed-LLM 1.0.0; empty where the description is not a
 * list of tools.
 */
export function describeTools(json: string): string {
  const tools = Tools.safeParse(parse(json))
  if (!tools.success || tools.data.length === 0) return ''
  const text = tools.data.map(({ name, description, parameters: { properties, required } }) => {
    const lines = Object.entries(properties).map(([argument, parameter]) => {
      const { type, description: about, enum: values, items } = parameter
      const requirement = required.includes(argument) ? ', required' : ''
      const among = values?.length ? `, should be one of [${values.join(', ')}]` : ''
      const each = items && Object.keys(items).length > 0 ? `, where each item should be ${items.type}` : ''
      return `  - ${argument} (${type}${requirement}): ${about}${among}${each}\n`
    })
    return `> Tool Name: ${name}\nTool Description: ${description}\nTool Args:\n${lines.join('')}\n`
  })
  const names = tools.data.map(({ name }) => name).join(', ')
  return [
    `You have access to the following tools:\n${text.join('')}Use the following format if using a tool:`,
    '```',
    `Action: tool name (one of [${names}]).`,
    `Action Input: the input to the tool, in a JSON format representing the kwargs (e.g. ${EXAMPLE}).`,
    '```',
    '',
  ].join('\n')
}

/** A call of a tool as the assistant writes it; name and arguments are empty where the content is not such a call. */
export function describeCall(json: string): string {
  const call = z.object({ name: z.string(), arguments: z.unknown() }).safeParse(parse(json))
  const given = call.success ? memberText(json, 'arguments') : null
  if (!call.success || given === null) return 'Action: \nAction Input: '
  return `Action: ${call.data.name}\nAction Input: ${toPythonJson(given)}`
}

/** Undefined for what is not JSON: people write anything into these columns. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
