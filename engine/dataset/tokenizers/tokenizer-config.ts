import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { isMissing } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'

const addedToken = z.object({
  content: z.string(),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
  normalized: z.boolean().default(true),
  special: z.boolean().default(false),
})
const namedToken = z
  .union([z.string(), addedToken])
  .transform((token) => (typeof token === 'string' ? token : token.content))
  .nullish()

/** One template, or several by name, of which `default` counts. */
const chatTemplate = z
  .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
  .transform((given) => (typeof given === 'string' ? given : given.find(({ name }) => name === 'default')?.template))
  .nullish()

const TokenizerConfig = z.object({
  bos_token: namedToken,
  eos_token: namedToken,
  pad_token: namedToken,
  unk_token: namedToken,
  additional_special_tokens: z.array(z.union([z.string(), addedToken.transform((token) => token.content)])).nullish(),
  added_tokens_decoder: z.record(z.string(), addedToken).nullish(),
  legacy: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  tokenizer_class: z.string().nullish(),
  chat_template: chatTemplate,
})
/** What `tokenizer_config.json` and `special_tokens_map.json` say; all optional. */
export type TokenizerConfig = z.infer<typeof TokenizerConfig>

/** Reads both files of a folder, and `chat_template.jinja`; the first one wins where both say something. @throws dataset.tokenizerInvalid */
export async function readTokenizerConfig(folder: string): Promise<TokenizerConfig> {
  const special = await readOptional(path.join(folder, 'special_tokens_map.json'))
  const config = await readOptional(path.join(folder, 'tokenizer_config.json'))
  const given = Object.entries(config).filter(([, value]) => value !== undefined && value !== null)
  const template = await readText(path.join(folder, 'chat_template.jinja'))
  return { ...special, ...Object.fromEntries(given), ...(template === null ? {} : { chat_template: template }) }
}

async function readOptional(file: string): Promise<TokenizerConfig> {
  const text = await readText(file)
  if (text === null) return {}
  try {
    return TokenizerConfig.parse(JSON.parse(text))
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new AppError('dataset.tokenizerInvalid', { file, reason }, { cause })
  }
}

/** Null for a file that is not there. */
async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
