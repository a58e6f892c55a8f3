import type { Command } from 'commander'
import type { TaskSpecInput } from '../../protocol/tasks.ts'
import { addCommand, choice, decimal, examples, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import {
  layouts,
  lorasOf,
  runConvert,
  targetOf,
  withAdapters,
  withTarget,
  type LoraOptions,
  type Target,
  type TargetOptions,
} from './checkpoint-convert.ts'

interface MindsporeOptions {
  scaling?: number
  strategy?: string
  prefix?: string
  weightsOnly?: boolean
}

type Options = TargetOptions & LoraOptions & MindsporeOptions

/**
 * `checkpoint merge-lora`: adapters of Megatron lie in a checkpoint of their own, those of MindFormers beside the weights
 * in one, so the number of paths tells them apart.
 */
export function addMergeLoraCommand(checkpoint: Command, outcome: Outcome): void {
  addCommand<Options>(
    checkpoint,
    outcome,
    'merge-lora <input> <lora-or-output> [output]',
    'merge adapters into their weights: three paths for Megatron, two for MindSpore, which keeps both together',
    (command) =>
      examples(
        withAdapters(withTarget(command.addOption(choice('--to <layout>', 'layout of the output', layouts))), '')
          .option('--scaling <x>', 'MindSpore: alpha divided by the rank', decimal(0))
          .option('--strategy <path>', 'MindSpore: strategy that was saved with the ranks')
          .option('--prefix <text>', 'MindSpore: the file is rank_0/<text>0.ckpt (default: checkpoint_)')
          .option('--weights-only', 'MindSpore: leave out optimizer state, counters and the loss scale'),
        'awb checkpoint merge-lora ./base-tp8 ./lora-tp8 ./merged-hf --alpha 16 --to hf',
        'awb checkpoint merge-lora ./output/checkpoint ./merged --strategy ./output/strategy --scaling 1',
      ),
    async (session, [input = '', second = '', output], options) => {
      if (output === undefined) return mergeMindspore(session, [input, second], options)
      refuse(options, mindsporeOnly, 'are for MindSpore, which takes two paths')
      const target =
        options.to === undefined ? await likeSource(session.path(input), options) : targetOf(options.to, options)
      await runConvert(session, [input, output], target, options, lorasOf(session, second, options))
    },
  )
}

const mindsporeOnly = ['scaling', 'strategy', 'prefix', 'weightsOnly'] as const
const megatronOnly = ['to', 'tp', 'pp', 'vpStage', 'layerList', 'vocabDivisor', 'dtype', 'targets'] as const

function refuse(options: Options, names: readonly (keyof Options)[], reason: string): void {
  const given = names.filter((name) => options[name] !== undefined)
  if (given.length === 0) return
  const flags = given.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  throw new UsageError(`${flags.join(', ')} ${reason}`)
}

async function mergeMindspore(session: Session, args: string[], options: Options): Promise<void> {
  refuse(options, megatronOnly, 'are for Megatron, which takes three paths: weights, adapters, output')
  const { strategy, prefix, weightsOnly } = options
  const spec: TaskSpecInput<'checkpoint.mergeLora'> = {
    input: pathAt(session, args, 0),
    output: pathAt(session, args, 1),
    scaling: scalingOf(options),
    ...(strategy === undefined ? {} : { strategy: session.path(strategy) }),
    ...(prefix === undefined ? {} : { prefix }),
    weightsOnly: weightsOnly === true,
  }
  await runTaskHere(session, 'checkpoint.mergeLora', spec)
}

function scalingOf({ scaling, alpha, rank }: Options): number {
  if (scaling !== undefined) {
    if ((alpha ?? rank) !== undefined)
      throw new UsageError('--scaling is --alpha divided by --rank: give one or the other')
    return scaling
  }
  if (alpha === undefined || rank === undefined) throw new UsageError('give --scaling, or --alpha and --rank')
  return alpha / rank
}

/** Layout and sizes of the input where the options do not say otherwise. */
async function likeSource(input: string, options: TargetOptions): Promise<Target> {
  const { summarizeCheckpoint } = await import('../../checkpoint/inspect.ts')
  const { layout, tp, pp } = await summarizeCheckpoint(input)
  return layout === 'mcore' || layout === 'legacy' ? targetOf(layout, { tp, pp, ...options }) : { layout: 'hf' }
}
