import type { Command } from 'commander'
import type { TaskSpec, TaskSpecInput } from '../../protocol/tasks.ts'
import { addCommand, choice, decimal, examples, integer, list, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { UsageError } from '../session.ts'
import { pathAt } from './checkpoint.ts'

type TrainSpec = TaskSpecInput<'reference.train'>
type TrainOptions = Omit<TrainSpec, 'checkpoint' | 'dataset' | 'output' | 'lora'> & {
  loraRank: number
  loraAlpha: number
  loraTargets: string[]
}

const TARGETS: readonly NonNullable<TaskSpec<'reference.train'>['lora']>['targets'][number][] = [
  'q',
  'k',
  'v',
  'o',
  'gate',
  'up',
  'down',
]

interface GenerateOptions {
  template: TaskSpec<'reference.generate'>['template']
  maxNewTokens: number
  temperature: number
  topK: number
  topP: number
  seed: number
}

/** Training, generation and perplexity on the reference runtime. */
export function addReferenceCommands(program: Command, outcome: Outcome): void {
  addCommand<TrainOptions>(
    program,
    outcome,
    'train <checkpoint> <dataset-prefix> <output>',
    'fine-tune a small model on this machine (reference runtime)',
    (command) =>
      examples(
        command
          .addOption(choice('--method <method>', 'all weights, or adapters', ['full', 'lora']).default('full'))
          .option('--steps <n>', 'optimizer steps', integer(1), 100)
          .option('--batch-size <n>', 'samples per step', integer(1), 8)
          .option('--seq-length <n>', 'tokens per sample', integer(1), 256)
          .option('--learning-rate <lr>', 'highest learning rate', decimal(0), 1e-3)
          .option('--min-learning-rate <lr>', 'learning rate at the end of the cosine', decimal(0), 0)
          .option('--warmup-steps <n>', 'steps to the highest learning rate', integer(0), 0)
          .option('--weight-decay <x>', 'AdamW weight decay', decimal(0), 0)
          .option('--beta1 <x>', 'AdamW decay of the first moment', decimal(0), 0.9)
          .option('--beta2 <x>', 'AdamW decay of the second moment', decimal(0), 0.95)
          .option('--epsilon <x>', 'AdamW epsilon', decimal(0), 1e-8)
          .option('--clip-grad <norm>', 'clip gradients to this norm; 0 is off', decimal(0), 1)
          .option('--seed <n>', 'seed of order and adapters', integer(0), 1234)
          .option('--save-interval <n>', 'steps between resume points', integer(1), 50)
          .option('--lora-rank <n>', 'rank of the adapters', integer(1), 8)
          .option('--lora-alpha <x>', 'scale of the adapters', decimal(0), 16)
          .option('--lora-targets <names>', `adapted weights, of ${TARGETS.join(',')}`, list, ['q', 'k', 'v', 'o']),
        'awb train ./tiny-mcore ./data/alpaca ./tiny-trained --steps 200 --learning-rate 0.003',
        'awb train ./tiny-mcore ./data/alpaca ./tiny-lora --method lora --lora-rank 8',
      ),
    async (session, args, { loraRank, loraAlpha, loraTargets, ...options }) => {
      const targets = TARGETS.filter((target) => loraTargets.includes(target))
      const unknown = loraTargets.find((name) => !targets.some((target) => target === name))
      if (unknown !== undefined) throw new UsageError(`--lora-targets: ${unknown} is not one of ${TARGETS.join(', ')}`)
      const spec: TrainSpec = {
        checkpoint: pathAt(session, args, 0),
        dataset: pathAt(session, args, 1),
        output: pathAt(session, args, 2),
        method: options.method,
        ...(options.method === 'lora' ? { lora: { rank: loraRank, alpha: loraAlpha, targets } } : {}),
        steps: options.steps,
        batchSize: options.batchSize,
        seqLength: options.seqLength,
        learningRate: options.learningRate,
        minLearningRate: options.minLearningRate,
        warmupSteps: options.warmupSteps,
        weightDecay: options.weightDecay,
        beta1: options.beta1,
        beta2: options.beta2,
        epsilon: options.epsilon,
        clipGrad: options.clipGrad,
        seed: options.seed,
        saveInterval: options.saveInterval,
      }
      await runTaskHere(session, 'reference.train', spec)
    },
  )

  addCommand<GenerateOptions>(
    program,
    outcome,
    'generate <checkpoint> <prompts...>',
    'answer prompts with a checkpoint (reference runtime)',
    (command) =>
      examples(
        command
          .addOption(
            choice('--template <name>', 'prompt template', ['llama2', 'empty', 'default', 'alpaca']).default('llama2'),
          )
          .option('--max-new-tokens <n>', 'longest answer', integer(1), 128)
          .option('--temperature <t>', '0 is greedy', decimal(0), 0)
          .option('--top-k <n>', 'sample from the n likeliest tokens; 0 is off', integer(0), 0)
          .option('--top-p <p>', 'sample from the tokens that make up p', decimal(0, 1), 1)
          .option('--seed <n>', 'seed of the sampling', integer(0), 1234),
        'awb generate ./tiny-trained "What is an NPU?"',
        'awb generate ./tiny-trained "Tell a story" --temperature 0.8 --top-p 0.9',
      ),
    async (session, [checkpoint = '', ...prompts], { template, maxNewTokens, temperature, topK, topP, seed }) => {
      const sampling = { template, maxNewTokens, temperature, topK, topP, seed }
      await runTaskHere(session, 'reference.generate', { checkpoint: session.path(checkpoint), prompts, ...sampling })
    },
  )

  addCommand<{ limit: number }>(
    program,
    outcome,
    'perplexity <checkpoint> <dataset-prefix>',
    'how well a checkpoint predicts the answers of a dataset (reference runtime)',
    (command) => command.option('--limit <n>', 'samples at most', integer(1), 100),
    async (session, args, { limit }) => {
      const spec = { checkpoint: pathAt(session, args, 0), dataset: pathAt(session, args, 1), limit }
      await runTaskHere(session, 'reference.perplexity', spec)
    },
  )
}
