import { group, integerField, multiSelectField, numberField, text } from '#plugin-api'

const onLora = { field: 'method', in: ['lora'] }

/** What AdamW and its schedule take, whatever trains. */
export const optimizerGroup = group('optimizer', text('Optimizer', '优化器'), {
  minLearningRate: numberField({
    title: text('Lowest learning rate', '最小学习率'),
    help: text('Where the cosine decay ends (--min-lr).', '余弦衰减的终点（--min-lr）。'),
    default: 0,
    min: 0,
    max: 10,
    isExpert: true,
  }),
  warmupFraction: numberField({
    title: text('Warm-up', '预热比例'),
    help: text(
      'Part of the steps with a growing rate (--lr-warmup-fraction).',
      '学习率上升阶段占总步数的比例（--lr-warmup-fraction）。',
    ),
    default: 0.01,
    min: 0,
    max: 1,
    isExpert: true,
  }),
  weightDecay: numberField({
    title: text('Weight decay', '权重衰减'),
    help: text('Decoupled decay of AdamW (--weight-decay).', 'AdamW 的解耦权重衰减（--weight-decay）。'),
    default: 0.1,
    min: 0,
    max: 10,
    isExpert: true,
  }),
  beta2: numberField({
    title: text('Adam beta2', 'Adam beta2'),
    help: text('Memory of the second moment (--adam-beta2).', '二阶矩的衰减系数（--adam-beta2）。'),
    default: 0.95,
    min: 0,
    max: 1,
    isExpert: true,
  }),
  epsilon: numberField({
    title: text('Adam epsilon', 'Adam epsilon'),
    help: text('Keeps the division stable (--adam-eps).', '避免除零的小量（--adam-eps）。'),
    default: 1e-8,
    min: 1e-12,
    max: 1,
    isExpert: true,
  }),
  clipGrad: numberField({
    title: text('Gradient clipping', '梯度裁剪'),
    help: text('Largest norm of the gradients; 0 is off (--clip-grad).', '梯度范数上限，0 表示关闭（--clip-grad）。'),
    default: 1,
    min: 0,
    max: 1e6,
    isExpert: true,
  }),
  seed: integerField({
    title: text('Seed', '随机种子'),
    help: text('Order of the samples and new weights (--seed).', '决定样本顺序和新增权重（--seed）。'),
    default: 1234,
    min: 0,
    max: 4_294_967_295,
    isExpert: true,
  }),
})

/** The adapters of LoRA. */
export const loraGroup = group('lora', text('LoRA', 'LoRA'), {
  loraRank: integerField({
    title: text('Rank', '秩'),
    help: text('Rank of the low-rank matrices (--lora-r).', '低秩矩阵的维度（--lora-r）。'),
    default: 16,
    min: 1,
    max: 1024,
    showIf: onLora,
  }),
  loraAlpha: numberField({
    title: text('Alpha', 'Alpha'),
    help: text(
      'Scales what LoRA adds by alpha / rank; usually twice the rank (--lora-alpha).',
      '以 alpha / 秩 缩放 LoRA 的影响，一般保持比值为 2（--lora-alpha）。',
    ),
    default: 32,
    min: 0.001,
    max: 65_536,
    showIf: onLora,
  }),
  loraTargets: multiSelectField({
    title: text('Applied to', '作用模块'),
    help: text(
      'Projections that get LoRA matrices (--lora-target-modules).',
      '添加 LoRA 矩阵的投影（--lora-target-modules）。',
    ),
    choices: [
      { value: 'q', label: text('Query', '查询 q') },
      { value: 'k', label: text('Key', '键 k') },
      { value: 'v', label: text('Value', '值 v') },
      { value: 'o', label: text('Attention output', '注意力输出 o') },
      { value: 'gate', label: text('FFN gate', 'FFN gate') },
      { value: 'up', label: text('FFN up', 'FFN up') },
      { value: 'down', label: text('FFN down', 'FFN down') },
    ],
    default: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
    isExpert: true,
    showIf: onLora,
  }),
})
