import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AlpacaColumns, type DatasetHandler, ShareGptColumns } from '../../protocol/tasks.ts'
import { type Session, UsageError } from '../session.ts'
import type { PreprocessDataFlags } from './preprocess-data-flags.ts'

const CONFIG = 'dataset_info.json'

const tag = z.string().nullish()
const DatasetInfo = z.looseObject({
  script_url: z.string().optional(),
  file_name: z.string().optional(),
  formatting: z.enum(['alpaca', 'sharegpt']).default('alpaca'),
  ranking: z.boolean().default(false),
  columns: z.record(z.string(), z.string().nullable()).optional(),
  tags: z
    .object({
      role_tag: tag,
      content_tag: tag,
      user_tag: tag,
      assistant_tag: tag,
      observation_tag: tag,
      function_tag: tag,
      system_tag: tag,
    })
    .optional(),
})
type DatasetInfo = z.infer<typeof DatasetInfo>

export interface LlamaFactorySource {
  readonly input: string
  readonly handler: DatasetHandler
  readonly columns?: AlpacaColumns
  readonly sharegpt?: ShareGptColumns
  readonly maxRows?: number
}

/**
 * The data set that `--input` names, as `dataset_info.json` in `--dataset-dir` describes it. Where columns or tags are
 * given, those that are left out are none, as in the original.
 * @throws UsageError
 */
export async function llamaFactorySource(session: Session, flags: PreprocessDataFlags): Promise<LlamaFactorySource> {
  const names = (flags.text.input ?? '').split(',').map((name) => (name.split('/').at(-1) ?? '').trim())
  const [name = ''] = names
  if (names.length > 1) {
    throw new UsageError(
      `--input names ${names.length} data sets. Take one at a time and join them: --merge-group-keys`,
    )
  }
  const folder = flags.text['dataset-dir']
  if (folder === undefined) throw new UsageError(`LlamaFactoryInstructionHandler needs --dataset-dir with ${CONFIG}`)
  const info = await readInfo(session.path(path.join(folder, CONFIG)), name)
  if (info.file_name === undefined) {
    throw new UsageError(`${CONFIG} names no file for ${name}. Data sets made by a script are not supported`)
  }
  if (info.ranking)
    throw new UsageError(`${name} holds pairs. Use AlpacaStylePairwiseHandler or SharegptStylePairwiseHandler`)
  const maxRows = flags.integer['max-samples']
  return {
    input: session.path(path.join(folder, info.file_name)),
    handler: info.formatting,
    ...(info.formatting === 'alpaca' ? { columns: alpacaColumns(info) } : { sharegpt: shareGptColumns(info) }),
    ...(maxRows === undefined ? {} : { maxRows }),
  }
}

async function readInfo(file: string, name: string): Promise<DatasetInfo> {
  let all: Record<string, unknown>
  try {
    all = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new UsageError(`Cannot open ${file} due to ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
  if (!(name in all)) {
    throw new UsageError(`Undefined dataset ${name} in ${CONFIG}. Known: ${Object.keys(all).join(', ') || 'none'}`)
  }
  const info = DatasetInfo.safeParse(all[name])
  if (!info.success) throw new UsageError(`${CONFIG}, ${name}: ${z.prettifyError(info.error)}`)
  return info.data
}

function alpacaColumns({ columns }: DatasetInfo): AlpacaColumns {
  if (columns === undefined) return AlpacaColumns.parse({})
  const { prompt, query, response, history, system } = columns
  return AlpacaColumns.parse({
    prompt: prompt ?? '',
    query: query ?? '',
    response: response ?? '',
    history: history ?? '',
    system: system ?? '',
  })
}

function shareGptColumns({ columns, tags }: DatasetInfo): ShareGptColumns {
  const mapped =
    columns === undefined
      ? {}
      : { messages: columns.messages ?? '', system: columns.system ?? '', tools: columns.tools ?? '' }
  if (tags === undefined) return ShareGptColumns.parse(mapped)
  return ShareGptColumns.parse({
    ...mapped,
    tags: {
      role: tags.role_tag ?? null,
      content: tags.content_tag ?? null,
      user: tags.user_tag ?? null,
      assistant: tags.assistant_tag ?? null,
      observation: tags.observation_tag ?? null,
      function: tags.function_tag ?? null,
      system: tags.system_tag ?? null,
    },
  })
}
