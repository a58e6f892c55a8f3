import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { AppError } from '../../protocol/errors/index.ts'
import { addCommand, examples, integer, type Outcome } from '../options.ts'
import type { Session } from '../session.ts'

interface Options {
  device_num: string
  visible_devices: string
  server_ip: string
  device_num_per_node: number
  hccn_conf: string
}

/** The file is executable for its owner and group, as the original makes it. */
const MODE = 0o750

/** `awb hccl_tools.py`: the rank table of this host, with the flags, lines and file of MindFormers' script. */
export function addHcclToolsCommand(program: Command, outcome: Outcome): void {
  addCommand<Options>(
    program,
    outcome,
    'hccl_tools.py',
    "write this host's RANK_TABLE_FILE into the current folder",
    (command) =>
      examples(
        command
          .option('--device_num <range>', 'logical devices, the end not included', '[0,8)')
          .option('--visible_devices <list>', 'physical device of each logical one', '0,1,2,3,4,5,6,7')
          .option('--server_ip <ip>', 'address of this host (default: what its name resolves to)', '')
          .option('--device_num_per_node <n>', 'devices that a host has', integer(1), 8)
          .option('--hccn_conf <file>', 'read in place of hccn_tool when that gives no address', '/etc/hccn.conf'),
        'awb hccl_tools.py --device_num "[0,8)" --server_ip 10.0.0.1',
      ),
    (session, _args, options) => writeRankTable(session, options),
  )
}

async function writeRankTable(session: Session, options: Options): Promise<void> {
  const { parseDeviceRange, visibleDevices, buildRankTable, rankTableName } =
    await import('../../launch/rank-table/generate.ts')
  const { askHccnTool, deviceAddresses } = await import('../../launch/rank-table/addresses.ts')
  const { formatRankTable } = await import('../../launch/rank-table/rank-table.ts')
  const { writeFileAtomic } = await import('../../host/atomic-file.ts')
  const { device_num: range, device_num_per_node: perNode } = options
  const lines: string[] = ['start hccl_tools.py']

  const logical = parseDeviceRange(range, perNode)
  const visible = visibleList(options, perNode)
  const physical = visibleDevices(visible, logical, range)
  const words = visible.split(',').map((word) => `'${word.trim()}'`)
  const serverIp = options.server_ip || (await ownAddress())
  lines.push(`visible_devices:[${words.join(', ')}]`, `server_id:${serverIp}`)
  lines.push(`device_num_list: [${logical.join(', ')}]`)

  const conf = session.path(options.hccn_conf)
  const addresses = await deviceAddresses(physical, askHccnTool, conf, () =>
    lines.push(`Failed to call hccn_tool, try to read ${options.hccn_conf} instead`),
  )
  const devices = physical.map((device) => ({ physical: device, ip: addresses.get(device) ?? '' }))
  const table = buildRankTable({ serverIp, devices })
  for (const [rank, device] of devices.entries()) {
    lines.push(`rank_id:${rank}, device_id:${device.physical}, device_ip:${device.ip}`)
  }
  const path = session.path(rankTableName(serverIp, logical))
  writeFileAtomic(path, formatRankTable(table), MODE)
  lines.push(`Completed: hccl file was save in : ${path}`)
  session.result({ path, table }, () => lines)
}

/** Hosts with more than eight devices need not name all of them. */
const visibleList = ({ visible_devices: list }: Options, perNode: number): string =>
  list === '0,1,2,3,4,5,6,7' && perNode > 8 ? Array.from({ length: perNode }, (_, at) => at).join(',') : list

async function ownAddress(): Promise<string> {
  const host = hostname()
  try {
    return (await lookup(host, { family: 4 })).address
  } catch (error) {
    throw new AppError('host.noServerIp', { host }, { cause: error })
  }
}
