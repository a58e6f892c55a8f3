import { z } from 'zod'
import { PythonNumber, parsePython, pythonText } from '../python-text.ts'
import { memberText, toPythonJson } from './python-json.ts'

const EXAMPLE = '```{"input": "hello world", "num_beams": 5}```'

/**
 * What the system text says of the tools, in the words of MindSpeed-LLM 1.0.0; empty where the description is not a
 * list of tools. What is no text in it (a type that is a list, a description that is null) reads as Python writes it.
 */
export function describeTools(json: string): string {
  try {
    const tools = parsePython(json)
    return Array.isArray(tools) && tools.length > 0 ? describeList(tools) : ''
  } catch (error) {
    if (error instanceof NoTools || error instanceof SyntaxError) return ''
    throw error
  }
}

/** The description does not have the form of a list of tools. */
class NoTools extends Error {}

type Members = Readonly<Record<string, unknown>>

function describeList(tools: readonly unknown[]): string {
  const names: string[] = []
  const described = tools.map((value) => {
    const tool = members(value)
    const { properties, required = [] } = members(tool.parameters)
    const lines = Object.entries(members(properties)).map(([name, parameter]) =>
      describeParameter(name, members(parameter), isAmong(name, required)),
    )
    if (typeof tool.name !== 'string') throw new NoTools()
    names.push(tool.name)
    const about = pythonText(tool.description === undefined ? '' : tool.description)
    return `> Tool Name: ${tool.name}\nTool Description: ${about}\nTool Args:\n${lines.join('')}\n`
  })
  return [
    `You have access to the following tools:\n${described.join('')}Use the following format if using a tool:`,
    '```',
    `Action: tool name (one of [${names.join(', ')}]).`,
    `Action Input: the input to the tool, in a JSON format representing the kwargs (e.g. ${EXAMPLE}).`,
    '```',
    '',
  ].join('\n')
}

function describeParameter(
  name: string,
  { type = '', description = '', enum: values, items }: Members,
  isRequired: boolean,
) {
  const requirement = isRequired ? ', required' : ''
  const among = isTruthy(values) ? `, should be one of [${textsOf(values).join(', ')}]` : ''
  const each = isTruthy(items) ? `, where each item should be ${pythonText(members(items).type ?? '')}` : ''
  return `  - ${name} (${pythonText(type)}${requirement}): ${pythonText(description)}${among}${each}\n`
}

function members(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof PythonNumber) {
    throw new NoTools()
  }
  return value as Members
}

function isAmong(name: string, required: unknown): boolean {
  if (typeof required === 'string' || Array.isArray(required)) return required.includes(name)
  return name in members(required)
}

/** What Python takes for true. */
function isTruthy(value: unknown): boolean {
  if (value instanceof PythonNumber) return Number(value.source) !== 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

/** The texts that Python joins: of a list, the characters of a text, the names in an object. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return Array.from(value)
  const list: unknown[] = Array.isArray(value) ? value : Object.keys(members(value))
  if (!list.every((item) => typeof item === 'string')) throw new NoTools()
  return list
}

/** A call of a tool, its arguments as Python writes them; both are empty where the content is not such a call. */
export function readCall(json: string): { name: string; arguments: string } {
  const call = z.object({ name: z.string(), arguments: z.unknown() }).safeParse(parse(json))
  const given = call.success ? memberText(json, 'arguments') : null
  return !call.success || given === null
    ? { name: '', arguments: '' }
    : { name: call.data.name, arguments: toPythonJson(given) }
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
