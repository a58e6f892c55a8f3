import type { Command } from 'commander'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Transformed } from '../../checkpoint/mindspore/transform.ts'
import type { WriteContext } from '../../checkpoint/writing/tensor-stream.ts'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { DEFAULT_PREFIX, required, strategyOf } from './transform-flags.ts'

/** The script of MindFormers that merges adapters; `awb` stands in for it. */
export const loraScript = 'transform_ckpt_lora.py'
const MERGED = 'merged_lora'

export function addTransformLoraCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    `${loraScript} [arguments...]`,
    "MindFormers' script: merge the adapters of a MindSpore checkpoint into its weights",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb transform_ckpt_lora.py --src_ckpt_strategy ./strategy --src_ckpt_path_or_dir ./checkpoint \\',
        '    --dst_ckpt_dir ./merged --lora_scaling 2.0',
      ),
    transformCkptLora,
  )
}

/**
 * A folder is spread anew, or joined, to `<dst>/rank_<n>/<prefix><n>.ckpt` with its adapters, and merged to
 * `<dst>/merged_lora.ckpt`; a file is merged only. With several target ranks that file is the first rank's, as in the
 * original; all of them lie in `<dst>/merged_lora`.
 */
async function transformCkptLora(session: Session, args: string[]): Promise<void> {
  const strategies = ['src_ckpt_strategy', 'dst_ckpt_strategy']
  const values = ['script', ...strategies, 'src_ckpt_path_or_dir', 'dst_ckpt_dir', 'prefix', 'lora_scaling']
  const flags = parseFlags(args, { values })
  const source = session.path(required(flags, 'src_ckpt_path_or_dir'))
  const output = session.path(required(flags, 'dst_ckpt_dir'))
  const prefix = flags.get('prefix') ?? DEFAULT_PREFIX
  const isFolder = await stat(source).then(
    (entry) => entry.isDirectory(),
    // What is missing is reported when it is opened.
    () => false,
  )
  const [sourceStrategy, targetStrategy] = isFolder ? strategies.map((flag) => strategyOf(session, flags, flag)) : []
  await runHere(session, async (context) => {
    const { transformMindspore } = await import('../../checkpoint/mindspore/transform.ts')
    const common = { source, output, prefix, sourceStrategy, targetStrategy, intoExisting: true, context }
    // First, for it refuses what cannot be merged before anything is written.
    const merged = await transformMindspore({
      ...common,
      loraScaling: scalingOf(flags),
      namesOf: (rank, ranks) => [
        ...(rank === 0 ? [`${MERGED}.ckpt`] : []),
        ...(ranks > 1 ? [`${MERGED}/rank_${rank}/${prefix}${rank}.ckpt`] : []),
      ],
    })
    if (merged.ranks > 1) {
      context.log(`warning: ${MERGED}.ckpt is the first of ${merged.ranks} ranks; all of them are in ${MERGED}`)
    } else await describeMerged(source, output, merged, context)
    if (sourceStrategy !== undefined || targetStrategy !== undefined) await transformMindspore(common)
    context.log(`wrote ${merged.parameters} parameters to ${output}`)
    return { output, ranks: merged.ranks, parameters: merged.parameters }
  })
}

/** The passport of the merged file; of a source that nothing tells about, the merged weights themselves do. */
async function describeMerged(source: string, folder: string, { files }: Transformed, context: WriteContext) {
  const output = join(folder, `${MERGED}.ckpt`)
  const digest = files.get(`${MERGED}.ckpt`)
  if (digest === undefined) return
  const { knownModel } = await import('../../checkpoint/slice-passport.ts')
  const { describeMindsporeFile } = await import('../../checkpoint/mindspore-passport.ts')
  const found = await knownModel(source)
  const known = typeof found === 'string' ? await knownModel(output) : found
  await describeMindsporeFile({ output, digest, source: { path: source, layout: 'mindspore' }, known }, context)
}

function scalingOf(flags: ReadonlyMap<string, string>): number {
  const text = flags.get('lora_scaling') ?? '1'
  const value = text.trim() === '' ? NaN : Number(text)
  if (!Number.isFinite(value)) throw new UsageError(`argument --lora_scaling: invalid float value: '${text}'`)
  return value
}
