import { type LogRule, rule } from './rule.ts'

/** Failures on the card: memory, operators, kernels. */
export const deviceRules: readonly LogRule[] = [
  rule(
    'DEVICE_OCCUPIED',
    'memory',
    /free memory size is less than half of total memory/i,
    [
      'Less than half of the card is free at the start, so another process holds it.',
      '启动时空闲显存不足一半，说明有其他进程占用该卡。',
    ],
    ['End the other process, or choose another card.', '结束该进程，或更换卡。'],
  ),
  rule(
    'NPU_OOM',
    'memory',
    /NPU out of memory/i,
    ['The card has not enough memory for what was asked.', '显存不足以满足请求。'],
    [
      'Where much is reserved but not allocated, set PYTORCH_NPU_ALLOC_CONF=expandable_segments:True; else a smaller batch or recomputation.',
      '若保留远多于已分配，请设置 PYTORCH_NPU_ALLOC_CONF=expandable_segments:True；否则减小批大小或启用重计算。',
    ],
  ),
  rule(
    'EL0009',
    'memory',
    /EL0009|\b207008\b/,
    ['No streams are left, usually while graphs are captured.', '流资源耗尽，通常发生在捕获图时。'],
    ['Capture fewer graph sizes, or use a newer CANN.', '减少捕获的图尺寸，或升级 CANN。'],
  ),
  rule(
    'EL0004',
    'memory',
    /EL0004|\b207001\b|halMemAlloc/,
    ['Memory of the card could not be allocated: it is full or shared.', '无法分配显存：显存已满或被共用。'],
    ['Free the card, or run a smaller job.', '释放该卡，或缩小任务。'],
  ),
  rule(
    'ERR02200',
    'environment',
    /GetDeviceIndexByPhyId/,
    [
      'The runtime could not map the physical card number; CANN and torch_npu do not match.',
      '运行时无法映射物理卡号；CANN 与 torch_npu 不匹配。',
    ],
    ['Use a CANN that goes with this torch_npu.', '使用与该 torch_npu 匹配的 CANN。'],
  ),
  rule(
    'EZ9999',
    'environment',
    /does not has any binary|Cannot find bin|Parse dynamic kernel config fail/i,
    [
      'An operator has no kernel: the kernels package is missing or for another chip or version.',
      '算子没有内核：kernels 包缺失，或芯片、版本不符。',
    ],
    ['Install the kernels package of CANN for this chip and version.', '安装与芯片和版本一致的 CANN kernels 包。'],
  ),
  rule(
    '500001',
    'environment',
    /error code is 500001|\bret(?:code)?[:= ]+500001\b/,
    [
      "The NPU could not be initialised: CANN's environment is not set, or packages do not match.",
      'NPU 初始化失败：未设置 CANN 环境，或软件包不匹配。',
    ],
    [
      'Source set_env.sh; compare the versions of driver, CANN and torch_npu.',
      'source set_env.sh；核对驱动、CANN、torch_npu 的版本。',
    ],
  ),
  rule(
    '507008',
    'environment',
    /\b507008\b/,
    ['The NPU could not be initialised.', 'NPU 初始化失败。'],
    ['Compare the versions of driver and CANN; check the device nodes.', '核对驱动与 CANN 的版本，并检查设备节点。'],
  ),
  rule(
    '507018',
    'operator',
    /\b507018\b|aicpu exception/i,
    ['A task on the AI CPU failed.', 'AI CPU 任务失败。'],
    [
      'Read the aicpu lines of the plog; often an input is damaged or a peer failed in a collective.',
      '查看 plog 中的 aicpu 行；常见原因是输入损坏或对端在集合通信中失败。',
    ],
  ),
  rule(
    '507046',
    'operator',
    /\b507046\b|EE1002/,
    ['A stream did not finish in time.', '流未在规定时间内完成。'],
    [
      'Usually a stuck collective or a slow first compile; read the plog of every rank.',
      '通常是集合通信卡住或首次编译过慢；查看每个 rank 的 plog。',
    ],
  ),
  rule(
    '507014',
    'operator',
    /\b507014\b/,
    ['An operator ran into the time limit of the AI core.', '算子执行超过 AI Core 时限。'],
    [
      'Run with ASCEND_LAUNCH_BLOCKING=1 to find the operator; check ECC if it follows the card.',
      '用 ASCEND_LAUNCH_BLOCKING=1 定位算子；若固定在某张卡，请检查 ECC。',
    ],
  ),
  rule(
    '507015',
    'operator',
    /\b507015\b/,
    [
      'An operator failed on the AI core: bad address, index out of range, or hardware.',
      '算子在 AI Core 上失败：地址错误、索引越界或硬件故障。',
    ],
    [
      'Run with ASCEND_LAUNCH_BLOCKING=1 to find the operator; check ECC if it follows the card.',
      '用 ASCEND_LAUNCH_BLOCKING=1 定位算子；若固定在某张卡，请检查 ECC。',
    ],
  ),
  rule(
    '507035',
    'operator',
    /\b507035\b/,
    [
      'An operator failed on the vector core, usually an index out of range.',
      '算子在 Vector Core 上失败，通常是索引越界。',
    ],
    [
      'Run with ASCEND_LAUNCH_BLOCKING=1 to find the operator and check its indices.',
      '用 ASCEND_LAUNCH_BLOCKING=1 定位算子并检查索引。',
    ],
  ),
  rule(
    'EZ9999',
    'operator',
    /EZ9999/,
    ['An operator failed on the card.', '算子在卡上执行失败。'],
    [
      'Find its name in the plog, check its inputs, report it with the plog.',
      '在 plog 中查找算子名，检查其输入，并附 plog 反馈。',
    ],
  ),
  rule(
    '507011',
    'operator',
    /\b507011\b/,
    ['The execution of a model failed in an operator.', '模型执行时算子失败。'],
    ['Find the name of the operator in the plog.', '在 plog 中查找算子名。'],
  ),
]
