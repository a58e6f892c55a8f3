import type { Text } from '../text.ts'

export const trainErrors = {
  'train.modelTooLarge': {
    en: 'The model in {path} has {parameters} million parameters; the reference runtime on the CPU takes up to {limit} million. Use a smaller model, or a backend that runs on NPUs.',
    'zh-CN':
      '{path} 中的模型有 {parameters} 百万参数，CPU 参考运行时最多支持 {limit} 百万。请使用较小的模型，或在 NPU 后端上运行。',
  },
} as const satisfies Record<string, Text>
