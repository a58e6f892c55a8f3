import { type LogRule, rule } from './rule.ts'

/** Failures that the frameworks report: weights, data, numbers, arguments. */
export const frameworkRules: readonly LogRule[] = [
  rule(
    'CKPT_SHAPE',
    'checkpoint',
    /size mismatch for \S+|shape in current model/,
    [
      'The weights were saved for another model or another split than the one built now.',
      '权重的模型或切分方式与当前构建的不同。',
    ],
    [
      'Use the configuration that goes with the weights, or convert them again for the chosen tensor and pipeline sizes.',
      '使用与权重一致的配置，或按所选的张量与流水线并行度重新转换。',
    ],
  ),
  rule(
    'CKPT_PARALLEL',
    'checkpoint',
    /(?:layers|num_layers|heads|hidden size).{0,40}(?:should be|must be|is not) divisible/i,
    ['The model cannot be split into that many parts.', '模型无法按该并行度切分。'],
    [
      'Choose tensor and pipeline sizes that divide heads and layers, then convert again.',
      '选择能整除注意力头数和层数的并行度后重新转换。',
    ],
  ),
  rule(
    'DATASET_MISSING',
    'dataset',
    /Dataset does not exist|basename that both \.idx and \.bin/,
    ['The .bin and .idx files do not exist at the given prefix.', '给定前缀处没有 .bin 和 .idx 文件。'],
    ['Preprocess the data; give the path without .bin or .idx.', '先预处理数据；路径不要带 .bin 或 .idx。'],
  ),
  rule(
    'DATASET_INDEX',
    'dataset',
    /stack expects each tensor to be equal size/,
    ['An index over the documents overflowed: many steps over short documents.', '文档索引溢出：短文档上的步数过多。'],
    ['Use the 64-bit index helper and delete the cached index files.', '使用 64 位索引，并删除缓存的索引文件。'],
  ),
  rule(
    'NAN_GRAD',
    'training',
    /NaN in (?:local )?grad|(?:grad(?:ient)? norm|lm loss|\bloss):\s*\[?\s*nan\b/i,
    ['Gradients or the loss became NaN.', '梯度或损失变为 NaN。'],
    [
      'Check tokenizer, vocabulary padding, learning rate and precision; resume from an earlier checkpoint.',
      '检查分词器、词表填充、学习率和精度；从更早的检查点恢复。',
    ],
  ),
  rule(
    'ERR02002',
    'framework',
    /ERR02002|Tensors must be contiguous/,
    [
      'A tensor that is not contiguous, or of a wrong type, was given to a collective.',
      '向集合通信传入了不连续或类型错误的张量。',
    ],
    ['Call .contiguous() before the collective; check the dtype.', '在集合通信前调用 .contiguous()，并检查 dtype。'],
  ),
]
