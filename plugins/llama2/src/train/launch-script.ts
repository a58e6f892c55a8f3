import {
  assignment,
  cleanPath,
  comment,
  commandLine,
  shellQuote,
  variable,
  type ModelShape,
  type ShellLine,
  type ShapeNumbers,
} from '#plugin-api'
import type { SizeId } from '../sizes.ts'
import { exampleFor, loraModules, type Example } from './examples.ts'
import type { TrainValues } from './form.ts'

interface Launch {
  readonly values: TrainValues
  readonly shape: ShapeNumbers & { readonly maxPositions: number }
  readonly sizeId: SizeId | null
  readonly load: string
  readonly save: string
  /** The checkpoint's own numbers, where it could be read. */
  readonly model: ModelShape | null
}

/**
 * The launch script of `posttrain_gpt.py` as the guide has it, one process per NPU by torchrun. It takes rank and
 * address from the environment, so that the same text runs on every host, and its exit status is that of the training.
 */
export function launchScript(launch: Launch): string {
  const { values, sizeId } = launch
  const example = exampleFor(sizeId, values.method)
  const log = `logs/${example.name}_node`
  return [
    ...header(launch),
    ...environment(values, example),
    ...cluster(values),
    ...paths(launch),
    `mkdir -p -- logs "$(dirname -- "$CKPT_SAVE_DIR")"`,
    `${commandLine('torchrun', [...torchrunFlags, 'posttrain_gpt.py', ...trainingFlags(launch, example)])} \\`,
    `  2>&1 | tee "${log}\${NODE_RANK}.log"`,
    '',
  ].join('\n')
}

const header = ({ values }: Launch): string[] => [
  '#!/usr/bin/env bash',
  comment(
    `Llama 2, ${values.method === 'full' ? 'full tuning' : 'LoRA'} with MindSpeed-LLM 1.0.0 on ${values.nodes} × ${values.npusPerNode} NPUs`,
  ),
  ...(values.nodes > 1
    ? [comment('Start it on every host; only NODE_RANK differs: 0 on the first host, then 1, 2, ...')]
    : []),
  comment('pipefail: the exit status is that of the training, not that of tee'),
  'set -euo pipefail',
  '',
]

function environment({ cannEnv }: TrainValues, example: Example): string[] {
  const extra = Object.entries(example.environment).map(([name, value]) => `export ${assignment(name, value)}`)
  return [
    comment('The CANN script reads variables that may be unset'),
    'set +u',
    '# shellcheck disable=SC1090,SC1091',
    `source ${expandHome(cannEnv)}`,
    'set -u',
    'export CUDA_DEVICE_MAX_CONNECTIONS=1',
    ...extra,
    '',
  ]
}

const cluster = ({ nodes, npusPerNode, masterPort }: TrainValues): string[] => [
  `NPUS_PER_NODE=${npusPerNode}`,
  `NNODES="\${NNODES:-${nodes}}"`,
  ...(nodes > 1
    ? [
        'NODE_RANK="${NODE_RANK:?set it to 0 on the first host, to 1, 2, ... on the others}"',
        'MASTER_ADDR="${MASTER_ADDR:?set it to the address of the first host}"',
      ]
    : ['NODE_RANK="${NODE_RANK:-0}"', 'MASTER_ADDR="${MASTER_ADDR:-localhost}"']),
  `MASTER_PORT="\${MASTER_PORT:-${masterPort}}"`,
  '',
]

function paths({ values, load, save }: Launch): string[] {
  return [
    `CKPT_LOAD_DIR=${expandHome(load)}`,
    `CKPT_SAVE_DIR=${expandHome(save)}`,
    `DATA_PATH=${expandHome(cleanPath(values.dataset))}`,
    `TOKENIZER_PATH=${expandHome(cleanPath(values.tokenizer))}`,
    ...(isResumed(values) ? [`LORA_CHECKPOINT=${expandHome(cleanPath(values.loraLoad))}`] : []),
    '',
    `cd -- ${expandHome(cleanPath(values.frameworkDir))}`,
    comment('Without its tracker file Megatron goes on with random weights and only a warning'),
    'if [ ! -f "$CKPT_LOAD_DIR/latest_checkpointed_iteration.txt" ]; then',
    '  echo "no Megatron checkpoint in $CKPT_LOAD_DIR" >&2',
    '  exit 1',
    'fi',
  ]
}

const torchrunFlags: readonly ShellLine[] = [
  ['--nproc_per_node', variable('NPUS_PER_NODE')],
  ['--nnodes', variable('NNODES')],
  ['--node_rank', variable('NODE_RANK')],
  ['--master_addr', variable('MASTER_ADDR')],
  ['--master_port', variable('MASTER_PORT')],
]

const trainingFlags = (launch: Launch, example: Example): ShellLine[] => [
  ...modelFlags(launch, example),
  ...dataFlags(launch.values),
  ...scheduleFlags(launch.values),
  ...fixedFlags,
  ...example.flags,
  ...(launch.values.method === 'lora' ? loraFlags(launch.values) : []),
  ...outputFlags(launch.values, example),
]

function modelFlags({ values, shape, model }: Launch, { givesNumerics }: Example): ShellLine[] {
  const ropeBase = model?.ropeTheta ?? 10000
  const normEpsilon = model?.normEpsilon ?? 1e-5
  return [
    '--use-mcore-models',
    ['--tensor-model-parallel-size', values.tp],
    ['--pipeline-model-parallel-size', values.pp],
    '--sequence-parallel',
    ['--num-layers', shape.layers],
    ['--hidden-size', shape.hidden],
    ['--ffn-hidden-size', shape.ffn],
    ['--num-attention-heads', shape.heads],
    ...(shape.kvGroups === shape.heads
      ? []
      : (['--group-query-attention', ['--num-query-groups', shape.kvGroups]] satisfies ShellLine[])),
    ['--seq-length', values.seqLength],
    ['--max-position-embeddings', Math.max(shape.maxPositions, values.seqLength)],
    ['--position-embedding-type', 'rope'],
    ...(givesNumerics || ropeBase !== 10000 ? ([['--rotary-base', ropeBase]] satisfies ShellLine[]) : []),
    ['--normalization', 'RMSNorm'],
    ...(givesNumerics || normEpsilon !== 1e-5
      ? ([['--norm-epsilon', decimal(normEpsilon)]] satisfies ShellLine[])
      : []),
    '--swiglu',
    '--disable-bias-linear',
    ...(shape.tiedEmbeddings ? [] : ['--untie-embeddings-and-output-weights']),
    ['--make-vocab-size-divisible-by', 1],
  ]
}

const dataFlags = (values: TrainValues): ShellLine[] => [
  ['--tokenizer-type', 'PretrainedFromHF'],
  ['--tokenizer-name-or-path', variable('TOKENIZER_PATH')],
  ['--data-path', variable('DATA_PATH')],
  ['--split', values.split],
  ['--stage', 'sft'],
  '--finetune',
  '--is-instruction-dataset',
  ['--prompt-type', values.promptType],
  ...(values.hasVariableLengths ? ['--variable-seq-lengths'] : []),
]

const scheduleFlags = (values: TrainValues): ShellLine[] => [
  ['--micro-batch-size', values.microBatchSize],
  ['--global-batch-size', values.globalBatchSize],
  ['--train-iters', values.steps],
  ['--lr', decimal(values.learningRate)],
  ['--min-lr', decimal(values.minLearningRate)],
  ['--lr-decay-style', 'cosine'],
  ['--lr-warmup-fraction', values.warmupFraction],
  ['--weight-decay', values.weightDecay],
  ['--adam-beta1', '0.9'],
  ['--adam-beta2', values.beta2],
  ...(values.epsilon === 1e-8 ? [] : ([['--adam-eps', decimal(values.epsilon)]] satisfies ShellLine[])),
  ['--clip-grad', Number.isInteger(values.clipGrad) ? values.clipGrad.toFixed(1) : values.clipGrad],
  ['--seed', values.seed],
  ['--init-method-std', '0.01'],
  ['--initial-loss-scale', values.lossScale],
  ['--attention-dropout', '0.0'],
  ['--hidden-dropout', '0.0'],
]

/** Flags that every example script has. */
const fixedFlags: readonly ShellLine[] = [
  '--bf16',
  '--attention-softmax-in-fp32',
  '--no-masked-softmax-fusion',
  '--no-gradient-accumulation-fusion',
  '--use-flash-attn',
  '--use-fused-rmsnorm',
]

function loraFlags(values: TrainValues): ShellLine[] {
  const modules = loraModules.filter(({ targets }) => targets.some((target) => values.loraTargets.includes(target)))
  return [
    ['--lora-r', values.loraRank],
    ['--lora-alpha', values.loraAlpha],
    '--lora-fusion',
    ['--lora-target-modules', ...modules.map(({ module }) => module)],
    ...(isResumed(values) ? ([['--lora-load', variable('LORA_CHECKPOINT')]] satisfies ShellLine[]) : []),
  ]
}

const outputFlags = (values: TrainValues, { evalInterval }: Example): ShellLine[] => [
  ['--load', variable('CKPT_LOAD_DIR')],
  ['--save', variable('CKPT_SAVE_DIR')],
  '--no-load-optim',
  '--no-load-rng',
  ['--log-interval', 1],
  ['--save-interval', values.saveInterval],
  ['--eval-interval', evalInterval],
  ['--eval-iters', 0],
  ['--distributed-backend', 'nccl'],
  ...(values.isStorageShared ? [] : ['--no-shared-storage']),
]

/** Small numbers as people write them: 0.00005 → `5e-5`. */
const decimal = (value: number): string => (value !== 0 && value < 1e-3 ? value.toExponential() : String(value))

const isResumed = ({ method, loraLoad }: TrainValues): boolean => method === 'lora' && loraLoad !== ''

/** A path as one word; a leading `~/` becomes the home folder, which quotes alone would prevent. */
function expandHome(path: string): string {
  if (path === '~') return '"$HOME"'
  return path.startsWith('~/') ? `"$HOME"/${shellQuote(path.slice(2))}` : shellQuote(path)
}
