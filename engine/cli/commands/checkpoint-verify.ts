import type { Command } from 'commander'
import { addCommand, decimal, examples, integer, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { UsageError } from '../session.ts'

interface VerifyOptions {
  against: string
  logits?: boolean
  prompt?: string[]
  tokens?: number
  tolerance?: number
  list?: number
  workers?: number
  strategy?: string
  againstStrategy?: string
}

/** `checkpoint verify`: exit status 0 only where all is equal. */
export function addVerifyCommand(checkpoint: Command, outcome: Outcome): void {
  addCommand<VerifyOptions>(
    checkpoint,
    outcome,
    'verify <checkpoint>',
    'prove that two checkpoints hold the same tensors, whatever their layouts',
    (command) =>
      examples(
        command
          .requiredOption('--against <checkpoint>', 'the checkpoint to compare with')
          .option('--logits', 'run both on the reference runtime, too, and compare what they compute')
          .option('--prompt <text>', 'text for --logits; may be given again', (text, texts?: string[]) => [
            ...(texts ?? []),
            text,
          ])
          .option('--tokens <n>', 'tokens of each prompt, for --logits (default: 32)', integer(1))
          .option('--tolerance <x>', 'largest difference of a logit; default 0, or that of a cast', decimal(0))
          .option('--strategy <path>', 'strategy of ranks of MindSpore (default: one beside them)')
          .option('--against-strategy <path>', 'the same of the other side')
          .option('--workers <n>', 'threads that compare (default: one for each core, at most 4)', integer(1))
          .option('--list <n>', 'differences to name (default: 10)', integer(1)),
        'awb checkpoint verify ./llama-2-7b-mcore --against ./llama-2-7b-hf',
        'awb checkpoint verify ./tiny-mcore --against ./tiny-hf --logits --prompt "What is an NPU?"',
      ),
    async (session, args, { against, logits, prompt, tokens, tolerance, list, workers, strategy, againstStrategy }) => {
      if (logits !== true && (prompt ?? tokens ?? tolerance) !== undefined) {
        throw new UsageError('--prompt, --tokens and --tolerance need --logits')
      }
      await runTaskHere(session, 'checkpoint.verify', {
        checkpoint: pathAt(session, args, 0),
        against: session.path(against),
        ...(logits === true ? { logits: { prompts: prompt, tokens, tolerance } } : {}),
        ...(list === undefined ? {} : { listed: list }),
        ...(workers === undefined ? {} : { workers }),
        ...(strategy === undefined ? {} : { strategy: session.path(strategy) }),
        ...(againstStrategy === undefined ? {} : { againstStrategy: session.path(againstStrategy) }),
      })
    },
  )
}
