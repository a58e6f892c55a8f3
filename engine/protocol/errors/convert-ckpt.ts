import type { Text } from '../text.ts'

/** Command lines of convert_ckpt.py that are refused before anything is written. */
export const convertCkptErrors = {
  'convertCkpt.modelType': {
    en: '--model-type {value} cannot be converted: these models are GPT models. Give --model-type GPT.',
    'zh-CN': '无法转换 --model-type {value}：这些模型均为 GPT 模型。请使用 --model-type GPT。',
  },
  'convertCkpt.family': {
    en: '--model-type-hf {value} is not supported. Llama2, Qwen1.5 and Mistral all use llama2.',
    'zh-CN': '不支持 --model-type-hf {value}。Llama2、Qwen1.5 与 Mistral 均使用 llama2。',
  },
  'convertCkpt.flagFamily': {
    en: '{flag} belongs to model families that are not supported (mixture of experts, Bloom, Baichuan and the like). Leave it out for Llama2, Qwen1.5 and Mistral.',
    'zh-CN': '{flag} 属于不支持的模型系列（如 MoE、Bloom、Baichuan）。Llama2、Qwen1.5 与 Mistral 请勿使用。',
  },
  'convertCkpt.plugin': {
    en: '{flag} {value} is not supported. Known: {known}.',
    'zh-CN': '不支持 {flag} {value}。可用：{known}。',
  },
  'convertCkpt.noTarget': {
    en: 'Without --save-model-type the original converts everything and writes no file. Give --save-model-type mg or hf.',
    'zh-CN': '缺少 --save-model-type 时，原程序会完成转换但不写任何文件。请给出 --save-model-type mg 或 hf。',
  },
  'convertCkpt.mcoreOld': {
    en: '{flag} needs --load-model-type hf or mg: the path with --loader and --saver knows the legacy layout only.',
    'zh-CN': '{flag} 需要 --load-model-type hf 或 mg：--loader 与 --saver 方式仅支持 legacy 格式。',
  },
  'convertCkpt.hfParallel': {
    en: 'A Hugging Face target is not split: {flag} must be 1, not {value}. The original would write a wrong model.',
    'zh-CN': 'Hugging Face 目标不切分：{flag} 必须为 1，而非 {value}。原程序会写出错误的模型。',
  },
  'convertCkpt.hfStages': {
    en: '{flag} is for a Megatron target only. Leave it out.',
    'zh-CN': '{flag} 仅用于 Megatron 目标，请去掉。',
  },
  'convertCkpt.dtype': {
    en: '--params-dtype {value} is not known; the original would take it for fp32 without a word. Give fp16, bf16 or fp32.',
    'zh-CN': '未知的 --params-dtype {value}；原程序会不加提示地按 fp32 处理。请使用 fp16、bf16 或 fp32。',
  },
  'convertCkpt.biasFlag': {
    en: '{path} has QKV biases; without --add-qkv-bias the original would lose them or fail. Add --add-qkv-bias.',
    'zh-CN': '{path} 含有 QKV 偏置；不加 --add-qkv-bias 时原程序会丢失偏置或失败。请加上 --add-qkv-bias。',
  },
  'convertCkpt.noBias': {
    en: '{path} has no QKV biases. Leave --add-qkv-bias out.',
    'zh-CN': '{path} 不含 QKV 偏置。请去掉 --add-qkv-bias。',
  },
  'convertCkpt.denseBiasFlag': {
    en: '{path} has biases behind the attention; without --add-dense-bias the original would lose them or fail. Add --add-dense-bias.',
    'zh-CN': '{path} 的注意力输出带偏置；不加 --add-dense-bias 时原程序会丢失偏置或失败。请加上 --add-dense-bias。',
  },
  'convertCkpt.noDenseBias': {
    en: '{path} has no biases behind the attention. Leave --add-dense-bias out.',
    'zh-CN': '{path} 的注意力输出不带偏置。请去掉 --add-dense-bias。',
  },
  'convertCkpt.layout': {
    en: '{path} has the {found} layout, the flags say {expected}. For mcore give --use-mcore-models; for legacy leave it out, or add --load-from-legacy to write mcore.',
    'zh-CN':
      '{path} 为 {found} 格式，而参数指定为 {expected}。mcore 请加 --use-mcore-models；legacy 请去掉该参数，若要写出 mcore 请加 --load-from-legacy。',
  },
  'convertCkpt.lora': {
    en: 'Merging adapters needs both --lora-load and --lora-target-modules; with one of them the original merges nothing. Give both.',
    'zh-CN': '合并 LoRA 需要同时给出 --lora-load 与 --lora-target-modules；只给其一时原程序不会合并。请同时给出。',
  },
  'convertCkpt.configDiffers': {
    en: '{file} does not belong to the weights in {path}: {field} is {config} there and {weights} in the weights. Put the config.json of the original model into --save-dir.',
    'zh-CN':
      '{file} 与 {path} 中的权重不匹配：{field} 在配置中为 {config}，在权重中为 {weights}。请将原始模型的 config.json 放入 --save-dir。',
  },
  'convertCkpt.sameFolder': {
    en: '--load-dir and --save-dir are both {path}; the source would be overwritten while it is read. Give another --save-dir.',
    'zh-CN': '--load-dir 与 --save-dir 均为 {path}；读取时源权重会被覆盖。请更换 --save-dir。',
  },
} as const satisfies Record<string, Text>
