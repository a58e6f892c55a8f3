import type { Finding } from '../../../protocol/plan.ts'
import { type CheckedServer, error, repeated, warning } from './finding.ts'

/** Ranks: each number from 0 on exactly once, rising in the order of the file. */
export function checkRanks(servers: readonly CheckedServer[]): Finding[] {
  const ranks = servers.flatMap(({ devices }) => devices.map((device) => device.rank_id))
  const findings = repeated(ranks).map((rank) =>
    error(
      'duplicateRank',
      `rank_id ${rank} appears more than once; merge the tables with merge_hccl.py instead of by hand.`,
      `rank_id ${rank} 重复；请用 merge_hccl.py 合并，不要手工拼接。`,
    ),
  )
  const present = new Set(ranks)
  const missing = ranks.map((_, rank) => String(rank)).filter((rank) => !present.has(rank))
  if (missing.length > 0) {
    findings.push(
      error(
        'rankGap',
        `${ranks.length} devices need the ranks 0 to ${ranks.length - 1}; missing: ${missing.join(', ')}.`,
        `${ranks.length} 个设备需要 rank 0 到 ${ranks.length - 1}；缺少：${missing.join('、')}。`,
      ),
    )
  } else if (ranks.some((rank, at) => rank !== String(at))) {
    findings.push(
      warning(
        'rankOrder',
        'Ranks do not rise in the order of the file; the order of servers must be the order of starting.',
        'rank 未按文件顺序递增；服务器顺序必须与启动顺序一致。',
      ),
    )
  }
  return findings
}
