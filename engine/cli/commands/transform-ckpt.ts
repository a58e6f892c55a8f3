import type { Command } from 'commander'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { TransformRequest } from '../../checkpoint/mindspore/transform.ts'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { addTransformLoraCommand, loraScript } from './transform-ckpt-lora.ts'
import { DEFAULT_PREFIX, required, strategyOf } from './transform-flags.ts'

/** Scripts of MindFormers that `awb` stands in for, by their file names. */
export const transformScripts = ['transform_ckpt.py', 'transform_checkpoint.py', loraScript] as const

type Transform = Omit<TransformRequest, 'context'>

export function addTransformCommands(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'transform_ckpt.py [arguments...]',
    "MindFormers' script: spread a MindSpore checkpoint anew, or join it",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb transform_ckpt.py --src_ckpt_strategy ./strategy --src_ckpt_dir ./checkpoint --dst_ckpt_dir ./whole',
      ),
    transformCkpt,
  )
  addCommand(
    program,
    outcome,
    'transform_checkpoint.py [arguments...]',
    "MindFormers' newer script: the same for a file, a folder of files, or rank folders",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb transform_checkpoint.py --src_checkpoint ./telechat.ckpt --dst_checkpoint ./2mp8dp --dst_strategy ./strategy',
      ),
    transformCheckpoint,
  )
  addTransformLoraCommand(program, outcome)
}

async function transformCkpt(session: Session, args: string[]): Promise<void> {
  const values = ['script', 'src_ckpt_strategy', 'dst_ckpt_strategy', 'src_ckpt_dir', 'dst_ckpt_dir', 'prefix']
  const flags = parseFlags(args, { values })
  await runTransform(session, {
    source: session.path(required(flags, 'src_ckpt_dir')),
    output: session.path(required(flags, 'dst_ckpt_dir')),
    sourceStrategy: strategyOf(session, flags, 'src_ckpt_strategy'),
    targetStrategy: strategyOf(session, flags, 'dst_ckpt_strategy'),
    prefix: flags.get('prefix') ?? DEFAULT_PREFIX,
    intoExisting: true,
  })
}

/** Each source goes to a folder of its own name; a marker says that it is complete. */
async function transformCheckpoint(session: Session, args: string[]): Promise<void> {
  const processes = ['rank_id', 'world_size', 'transform_process_num', 'transform_by_rank']
  const values = ['script', 'src_checkpoint', 'dst_checkpoint_dir', 'src_strategy', 'dst_strategy', 'prefix']
  const flags = parseFlags(args, { values: [...values, ...processes] })
  const source = session.path(required(flags, 'src_checkpoint'))
  if ((flags.get('rank_id') ?? '0') !== '0') {
    process.stderr.write('awb: the process of rank 0 writes all ranks; nothing is left for this one\n')
    return
  }
  const target = session.path(flags.get('dst_checkpoint_dir') ?? 'transformed_checkpoint')
  for (const item of await sourcesIn(source)) {
    await runTransform(session, {
      source: item.path,
      output: join(target, item.name),
      sourceStrategy: strategyOf(session, flags, 'src_strategy'),
      targetStrategy: strategyOf(session, flags, 'dst_strategy'),
      prefix: flags.get('prefix') ?? DEFAULT_PREFIX,
      marker: 'transform_succeed_rank_0.txt',
    })
  }
}

/** Rank folders as one; else each file, named up to the first dot. */
async function sourcesIn(path: string): Promise<{ path: string; name: string }[]> {
  const upToDot = (file: string): string => basename(file).split('.')[0] ?? ''
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    // What is missing is reported when it is opened.
    () => false,
  )
  if (!isFolder) return [{ path, name: upToDot(path) }]
  const names = await readdir(path)
  if (names.includes('rank_0')) return [{ path, name: basename(path) }]
  const files = names.filter((name) => name.endsWith('.ckpt')).sort()
  if (files.length === 0) throw new UsageError(`${path} holds neither rank_0 nor a .ckpt file`)
  return files.map((file) => ({ path: join(path, file), name: upToDot(file) }))
}

async function runTransform(session: Session, request: Transform): Promise<void> {
  await runHere(session, async (context) => {
    const { transformMindspore } = await import('../../checkpoint/mindspore/transform.ts')
    const { knownModel, writeSlicePassport } = await import('../../checkpoint/slice-passport.ts')
    const { ranks, parameters } = await transformMindspore({
      ...request,
      context,
      beforePublish: async (folder, written) => {
        const found = await knownModel(request.source)
        // A spread source says what it is when it was made here; else the joined one tells.
        const isTold = typeof found !== 'string' || written.ranks > 1
        const known = isTold ? found : await knownModel(join(folder, `rank_0/${request.prefix}0.ckpt`))
        if (typeof known === 'string') context.log(`note: no passport is written, the model is not known: ${known}`)
        else await writeSlicePassport(folder, request.source, known, written, new Map())
      },
    })
    context.log(`wrote ${ranks} rank(s), ${parameters} parameters, to ${request.output}`)
    return { output: request.output, ranks, parameters }
  })
}
