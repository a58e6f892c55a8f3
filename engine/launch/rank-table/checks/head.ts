import type { Finding } from '../../../protocol/plan.ts'
import type { RankTable } from '../rank-table.ts'
import { error } from './finding.ts'

/** Version, status and the number of servers. */
export function checkHead(table: RankTable): Finding[] {
  const findings: Finding[] = []
  const servers = table.server_list.length
  if (table.version !== '1.0' && table.version !== '1.2') {
    findings.push(
      error(
        'version',
        `version is ${table.version ?? 'missing'}; write "1.0".`,
        `version 为 ${table.version ?? '空'}，应为 "1.0"。`,
      ),
    )
  }
  if (table.status !== 'completed') {
    findings.push(
      error(
        'status',
        `status is ${table.status ?? 'missing'}; only "completed" is accepted.`,
        `status 为 ${table.status ?? '空'}，只接受 "completed"。`,
      ),
    )
  }
  if (servers === 0) findings.push(error('noServers', 'server_list is empty.', 'server_list 为空。'))
  if (table.server_count !== String(servers)) {
    findings.push(
      error(
        'serverCount',
        `server_count is ${table.server_count ?? 'missing'}, but server_list has ${servers}.`,
        `server_count 为 ${table.server_count ?? '空'}，而 server_list 有 ${servers} 台。`,
      ),
    )
  }
  return findings
}
