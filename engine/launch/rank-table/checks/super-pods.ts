import type { Finding } from '../../../protocol/plan.ts'
import type { RankTable } from '../rank-table.ts'
import { type CheckedServer, error, repeated } from './finding.ts'

/**
 * Version 1.2, of A3: each device has a number in its super pod, and each server is in one. Missing or repeated ones
 * stop HCCL with EI0014.
 */
export function checkSuperPods(table: RankTable, servers: readonly CheckedServer[]): Finding[] {
  if (table.version !== '1.2') return []
  return [...servers.flatMap(withoutNumber), ...checkPods(table, servers)]
}

const numberOf = (device: CheckedServer['devices'][number]): string => {
  const id = device['super_device_id']
  return typeof id === 'string' || typeof id === 'number' ? String(id) : ''
}

function withoutNumber({ label: at, devices }: CheckedServer): Finding[] {
  const missing = devices.filter((device) => numberOf(device) === '').map(({ device_id }) => device_id)
  if (missing.length === 0) return []
  return [
    error(
      'superDevice',
      `Devices ${missing.join(', ')} of server ${at} have no super_device_id, which version 1.2 needs: npu-smi info -t spod-info -i N -c C shows it as SDID.`,
      `服务器 ${at} 的设备 ${missing.join('、')} 没有 super_device_id，1.2 版本必须填写：npu-smi info -t spod-info -i N -c C 显示为 SDID。`,
    ),
  ]
}

function checkPods(table: RankTable, servers: readonly CheckedServer[]): Finding[] {
  const pods = listOf(table['super_pod_list']).map((pod) => ({
    id: wordOf(pod, 'super_pod_id'),
    members: listOf(pod['server_list']).map((server) => wordOf(server, 'server_id')),
  }))
  const homeless = servers.filter(({ id }) => !pods.some(({ members }) => members.includes(id)))
  const findings = homeless.map(({ label }) =>
    error(
      'superPod',
      `Server ${label} is in no super pod; name it in super_pod_list.`,
      `服务器 ${label} 不属于任何超节点；请写入 super_pod_list。`,
    ),
  )
  for (const pod of pods) {
    const inside = servers.filter(({ id }) => pod.members.includes(id))
    for (const number of repeated(inside.flatMap(({ devices }) => devices.map(numberOf)).filter(Boolean))) {
      findings.push(
        error(
          'duplicateSuperDevice',
          `super_device_id ${number} appears more than once in super pod ${pod.id}; make the tables of its servers again.`,
          `超节点 ${pod.id} 中 super_device_id ${number} 重复；请重新生成其服务器的表。`,
        ),
      )
    }
  }
  return findings
}

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []

const wordOf = (value: Record<string, unknown>, key: string): string => {
  const word = value[key]
  return typeof word === 'string' || typeof word === 'number' ? String(word) : ''
}
