import { type LogRule, rule } from './rule.ts'

/** Failures of collective communication; the code of CANN tells why, those of the frameworks only where. */
export const hcclRules: readonly LogRule[] = [
  rule(
    'EI0019',
    'port',
    /EI0019|listen on ip\[[^\]]*\] and specific port\[\d+\] fail/,
    [
      'A port that HCCL needs is taken, usually by another process on the same card.',
      'HCCL 需要的端口已被占用，通常是同一张卡上的其他进程。',
    ],
    [
      'End the other process, or set HCCL_NPU_SOCKET_PORT_RANGE=auto when several processes share a card.',
      '结束该进程；若多个进程共用一张卡，请设置 HCCL_NPU_SOCKET_PORT_RANGE=auto。',
    ],
  ),
  rule(
    'EI0016',
    'hccl-config',
    /EI0016|config "tls" is invalid/i,
    ['The TLS switch of the NPU network cards differs between ranks.', '各 rank 的 NPU 网卡 TLS 开关不一致。'],
    [
      'Query each card with hccn_tool -i N -tls -g and set the same value everywhere (-tls -s enable 0 or 1).',
      '用 hccn_tool -i N -tls -g 查询每张卡，并设置为相同的值（-tls -s enable 0 或 1）。',
    ],
  ),
  rule(
    'EI0015',
    'hccl-link',
    /EI0015|Failed to connect agent\[|need connect rankNum|topo exchange server get socket timeout/,
    ['Not all ranks reached the root in time.', '并非所有 rank 都按时连接到根节点。'],
    [
      'Look at the first error of the missing ranks; check that they started, share MASTER_ADDR and can reach its network card.',
      '查看缺失 rank 的第一个错误；检查其是否启动、MASTER_ADDR 是否相同、能否访问其网卡。',
    ],
  ),
  rule(
    'EI0004',
    'hccl-config',
    /EI0004|path \S+ is not a valid real path/,
    ['The rank table is invalid, or its file does not exist.', 'rank table 无效，或文件不存在。'],
    [
      'Correct RANK_TABLE_FILE, mount the file into the container, make it again; each device_id once per server.',
      '更正 RANK_TABLE_FILE，将文件挂载到容器，或重新生成；每台服务器上 device_id 不得重复。',
    ],
  ),
  rule(
    'EI0014',
    'hccl-config',
    /EI0014/,
    [
      'The rank table does not fit the cards, or differs between ranks.',
      'rank table 与实际的卡不符，或各 rank 不一致。',
    ],
    [
      'Make the rank table again and copy the same file to every host.',
      '重新生成 rank table，并将同一文件复制到每台主机。',
    ],
  ),
  rule(
    'EI0001',
    'hccl-config',
    /EI0001|Init env variable param, parse \w+ failed/i,
    ['An environment variable of HCCL has a value that is not allowed.', 'HCCL 环境变量的取值无效。'],
    ['Correct or unset the variable that the text names.', '更正或取消文中指出的变量。'],
  ),
  rule(
    'EI0005',
    'hccl-config',
    /EI0005/,
    ['The arguments of a collective differ between ranks.', '各 rank 的集合通信参数不一致。'],
    ['Make model and data settings the same on all ranks.', '使所有 rank 的模型和数据设置一致。'],
  ),
  rule(
    'EI0011',
    'memory',
    /EI0011/,
    ['No NPU memory is left for HCCL.', '没有可供 HCCL 使用的 NPU 内存。'],
    ['Free card memory, reduce the batch, or lower HCCL_BUFFSIZE.', '释放显存、减小批大小，或降低 HCCL_BUFFSIZE。'],
  ),
  rule(
    'EI0012',
    'hccl-link',
    /EI0012/,
    [
      'A copy between cards (SDMA) failed: the peer died, the link flapped, or hardware.',
      '卡间拷贝（SDMA）失败：对端退出、链路闪断或硬件故障。',
    ],
    [
      "Look at the peer's first error, then at -link_stat, -optical and ECC.",
      '查看对端的第一个错误，再检查 -link_stat、-optical 和 ECC。',
    ],
  ),
  rule(
    'EI0013',
    'hccl-link',
    /EI0013/,
    [
      'An RDMA transfer ended with an error: the peer died, the link flapped, or hardware.',
      'RDMA 传输出错：对端退出、链路闪断或硬件故障。',
    ],
    [
      "Look at the peer's first error, then at -link_stat, -optical and ECC.",
      '查看对端的第一个错误，再检查 -link_stat、-optical 和 ECC。',
    ],
  ),
  rule(
    'EJ0001',
    'process',
    /EJ0001|Failed to initialize the HCCP process/,
    ['The last process still holds the card.', '上一个进程仍占用该卡。'],
    ['End leftover processes, wait 10 s, start again.', '结束残留进程，等待 10 秒后重试。'],
  ),
  rule(
    'EI0006',
    'hccl-link',
    /EI0006|Getting socket times out|connection failure between this device and target device|Alloc transports failed/i,
    ['Links between ranks were not established in time.', 'rank 之间的链路未能按时建立。'],
    [
      'Find the first error of all ranks; check that all started, addresses are in one segment and TLS is equal; then raise HCCL_CONNECT_TIMEOUT.',
      '查找所有 rank 的第一个错误；检查是否全部启动、地址是否同网段、TLS 是否一致；再增大 HCCL_CONNECT_TIMEOUT。',
    ],
  ),
  rule(
    'EI0002',
    'hccl-timeout',
    /EI0002|Notify register times out/,
    ['A collective waited for a rank that is slow, stuck or gone.', '集合通信等待的 rank 过慢、卡住或已退出。'],
    [
      'Find the rank that did not take part; raise HCCL_EXEC_TIMEOUT only if it is slow for a reason.',
      '找出未参与的 rank；只有其确实较慢时才增大 HCCL_EXEC_TIMEOUT。',
    ],
  ),
  rule(
    '507048',
    'hccl-timeout',
    /\b507048\b/,
    ['A wait for another rank timed out.', '等待其他 rank 超时。'],
    ['Find the rank that did not take part.', '找出未参与的 rank。'],
  ),
  rule(
    '507057',
    'hccl-link',
    /\b507057\b/,
    ['A peer card failed.', '对端的卡出现故障。'],
    ["Look at the peer's first error.", '查看对端的第一个错误。'],
  ),
]
