import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../host/fs-errors.ts'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import { loadTokenizerFor, usesNamedTemplate } from './encoders/create.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** The one at hand and the one before: large ones take tens of megabytes. */
const HELD = 2
/** Files that a tokenizer is made of. */
const PARTS = /^(?:tokenizer|vocab|merges|special_tokens|added_tokens|chat_template)/

const held = new Map<string, Promise<Tokenizer>>()

type Choice = Pick<PreprocessSpec, 'handler' | 'template' | 'chatTemplate' | 'tokenizer' | 'slowTokenizer'>

/**
 * The tokenizer of a preview. One that was loaded for the last previews is taken again while its files are the same: a
 * preview follows each change of a form, and a large vocabulary takes longer to load than the rows to encode.
 * @throws file.*, and as loadTokenizer does
 */
export async function previewTokenizer(spec: Choice): Promise<Tokenizer> {
  const template = usesNamedTemplate(spec) ? spec.template : null
  const key = JSON.stringify([await signature(spec.tokenizer), spec.slowTokenizer === true, template])
  const known = held.get(key)
  held.delete(key)
  const tokenizer = known ?? loadTokenizerFor(spec)
  held.set(key, tokenizer)
  for (const oldest of held.keys()) {
    if (held.size <= HELD) break
    held.delete(oldest)
  }
  try {
    return await tokenizer
  } catch (error) {
    held.delete(key)
    throw error
  }
}

/** Changes when a file of the tokenizer does. */
async function signature(location: string): Promise<unknown[]> {
  const absolute = path.resolve(location)
  try {
    const info = await stat(absolute)
    const folder = info.isDirectory() ? absolute : path.dirname(absolute)
    const names = (await readdir(folder)).filter((name) => PARTS.test(name)).sort()
    const parts = names.map(async (name) => {
      const { size, mtimeMs } = await stat(path.join(folder, name))
      return [name, size, mtimeMs]
    })
    return [absolute, info.size, info.mtimeMs, await Promise.all(parts)]
  } catch (error) {
    throw asFileError(error, absolute)
  }
}
