import { fileField, folderField, group, integerField, numberField, selectField, switchField, text } from '#plugin-api'
import { templateChoices } from '../templates.ts'

export const onMindSpeed = { field: 'backend', in: ['mindspeed-llm'] }
const showIf = onMindSpeed
const isExpert = true

export const clusterGroup = group('cluster', text('Cluster', '集群'), {
  nodes: integerField({
    title: text('Hosts', '节点数'),
    help: text('Hosts that train together (NNODES).', '共同训练的主机数（NNODES）。'),
    default: 1,
    min: 1,
    max: 1024,
    showIf,
  }),
  npusPerNode: integerField({
    title: text('NPUs per host', '每节点卡数'),
    help: text(
      'Processes per host, one per NPU (--nproc_per_node).',
      '每台主机的进程数，每卡一个（--nproc_per_node）。',
    ),
    default: 8,
    min: 1,
    max: 16,
    showIf,
  }),
  tp: integerField({
    title: text('Tensor parallel (TP)', '张量并行（TP）'),
    help: text(
      'Has to be the TP of the checkpoint (--tensor-model-parallel-size).',
      '须与权重的 TP 一致（--tensor-model-parallel-size）。',
    ),
    default: 8,
    min: 1,
    max: 64,
    showIf,
  }),
  pp: integerField({
    title: text('Pipeline parallel (PP)', '流水线并行（PP）'),
    help: text(
      'Has to be the PP of the checkpoint (--pipeline-model-parallel-size).',
      '须与权重的 PP 一致（--pipeline-model-parallel-size）。',
    ),
    default: 1,
    min: 1,
    max: 128,
    showIf,
  }),
  masterPort: integerField({
    title: text('Master port', '主节点端口'),
    help: text(
      'Free port on the first host where the processes meet. MASTER_PORT in the environment goes before it.',
      '首个节点上用于各进程汇合的空闲端口。环境变量 MASTER_PORT 优先。',
    ),
    default: 6000,
    min: 1024,
    max: 65_535,
    showIf,
    isExpert,
  }),
  isStorageShared: switchField({
    title: text('Shared storage', '共享存储'),
    help: text(
      'Off: the hosts do not see the same disk (--no-shared-storage).',
      '关闭表示各节点不共享磁盘（--no-shared-storage）。',
    ),
    default: true,
    showIf,
    isExpert,
  }),
})

export const launchGroup = group('launch', text('Launch', '启动'), {
  frameworkDir: folderField({
    title: text('MindSpeed-LLM folder', 'MindSpeed-LLM 目录'),
    help: text(
      'The clone at 1.0.0 with the megatron folder of Megatron-LM core_r0.6.0 inside.',
      '1.0.0 版本的代码目录，其中包含 Megatron-LM core_r0.6.0 的 megatron 目录。',
    ),
    default: '~/MindSpeed-LLM',
    isRequired: true,
    showIf,
  }),
  cannEnv: fileField({
    title: text('CANN environment', 'CANN 环境脚本'),
    help: text('Sourced before the start.', '启动前加载。'),
    default: '/usr/local/Ascend/ascend-toolkit/set_env.sh',
    isRequired: true,
    showIf,
    isExpert,
  }),
  promptType: selectField({
    title: text('Prompt template', '对话模板'),
    help: text('The template the dataset was made with (--prompt-type).', '数据集所用的模板（--prompt-type）。'),
    choices: templateChoices,
    default: 'llama2',
    showIf,
    isExpert,
  }),
  hasVariableLengths: switchField({
    title: text('Variable lengths', '动态长度'),
    help: text(
      'Pads each batch to a multiple of 8 instead of the sequence length (--variable-seq-lengths).',
      '每个批次补齐到 8 的倍数，而非序列长度（--variable-seq-lengths）。',
    ),
    default: true,
    showIf,
    isExpert,
  }),
  lossScale: numberField({
    title: text('Initial loss scale', '初始损失缩放'),
    help: text('Only used with fp16 (--initial-loss-scale).', '仅在 fp16 下生效（--initial-loss-scale）。'),
    default: 1,
    min: 1,
    max: 4_294_967_296,
    showIf,
    isExpert,
  }),
  split: selectField({
    title: text('Train, validation, test', '训练、验证、测试比例'),
    help: text('Weights of the three parts of the data (--split).', '数据三部分的权重（--split）。'),
    choices: [
      { value: '100,0,0', label: text('all for training', '全部用于训练') },
      { value: '949,50,1', label: text('949 : 50 : 1', '949 : 50 : 1') },
    ],
    default: '100,0,0',
    showIf,
    isExpert,
  }),
  loraLoad: folderField({
    title: text('Resume LoRA from', 'LoRA 断点目录'),
    help: text(
      'Folder of saved LoRA weights to go on from (--lora-load). Empty: start anew.',
      '继续训练所用的 LoRA 权重目录（--lora-load）。留空则重新开始。',
    ),
    showIf: { field: 'method', in: ['lora'] },
    isExpert,
  }),
})
