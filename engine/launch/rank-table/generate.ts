import { AppError } from '../../protocol/errors/index.ts'
import type { RankTable } from './rank-table.ts'

/** Devices of a host: `physical` is the number that hccn_tool and /dev/davinciN use; null has no address. */
export interface RankTableInput {
  serverIp: string
  devices: { physical: number; ip: string | null }[]
}

/** The rank table of one host; ranks count from 0 here and are numbered anew by a merge. */
export function buildRankTable({ serverIp, devices }: RankTableInput): RankTable {
  return {
    version: '1.0',
    server_count: '1',
    server_list: [
      {
        server_id: serverIp,
        device: devices.map(({ physical, ip }, rank) => ({
          device_id: String(physical),
          ...(ip === null ? {} : { device_ip: ip }),
          rank_id: String(rank),
        })),
        host_nic_ip: 'reserve',
      },
    ],
    status: 'completed',
  }
}

/** `hccl_8p_01234567_10.0.0.1.json`: how many, which, whose. */
export const rankTableName = (serverIp: string, logical: number[]): string =>
  `hccl_${logical.length}p_${logical.join('')}_${serverIp}.json`

/**
 * The logical numbers that `--device_num` means. `[0,8)`; a closing `]` is accepted and means the same. Up to eight
 * devices are wired in groups of four, so a part of them may not reach over both groups.
 */
export function parseDeviceRange(range: string, perNode: number): number[] {
  const found = /^\s*\[\s*(\d+)\s*,\s*(\d+)\s*[\])]\s*$/.exec(range)
  const [first, last] = [Number(found?.[1]), Number(found?.[2])]
  if (!found || first >= last) throw new AppError('host.deviceRange', { range })
  if (last > perNode) throw new AppError('host.deviceRangeOutside', { range, perNode })
  const isWhole = first === 0 && last === 8
  if (perNode <= 8 && first < 4 && last > 4 && !isWhole) throw new AppError('host.deviceRangeGroups', { range })
  return Array.from({ length: last - first }, (_, at) => first + at)
}

/** The physical numbers behind the logical ones: logical n is the n-th of `--visible_devices`. */
export function visibleDevices(list: string, logical: number[], range: string): number[] {
  const physical = list.split(',').map((word) => word.trim())
  const isBroken = physical.some((word) => !/^\d+$/.test(word)) || new Set(physical).size < physical.length
  if (isBroken) throw new AppError('host.visibleDevices', { list })
  const needed = Math.max(...logical) + 1
  if (physical.length < needed) {
    throw new AppError('host.tooFewDevices', { visible: physical.length, range, needed })
  }
  return logical.map((number) => Number(physical[number]))
}
