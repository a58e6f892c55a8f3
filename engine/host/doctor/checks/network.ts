import type { DoctorItem } from '../../../protocol/doctor.ts'
import { parseHostText } from '../../parsers/index.ts'
import { error, note, ok, text, unknown, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'

/** Ports that a start over several hosts needs: torch's rendezvous, msrun, HCCL on the host. */
const PORTS = [29500, 8118, ...Array.from({ length: 32 }, (_, index) => 60_000 + index)]
const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

/** Addresses and links of the NPUs, ports, the clock, proxies. */
export async function checkNetwork(probe: Probe, deviceIds: readonly number[]): Promise<DoctorItem[]> {
  const npus =
    deviceIds.length === 0 ? [] : [await checkAddresses(probe, deviceIds), await checkLinks(probe, deviceIds)]
  return [...npus, await checkPorts(probe), await checkClock(probe), await checkProxies(probe)]
}

async function checkAddresses(probe: Probe, deviceIds: readonly number[]): Promise<DoctorItem> {
  const named: Named = {
    id: 'hccn-addresses',
    group: 'network',
    title: text('Addresses of the NPUs', 'NPU 网卡地址'),
    command: probe.typed('cat', '/etc/hccn.conf'),
  }
  const content = await probe.read('/etc/hccn.conf')
  const set = deviceIds.filter((id) => content !== null && new RegExp(`^address_${id}=\\S+`, 'm').test(content))
  const value = `${set.length} / ${deviceIds.length}`
  if (set.length === deviceIds.length) return ok(named, value)
  return note(
    named,
    value,
    text(
      'One host alone needs none; several hosts need one for each NPU.',
      '单机无需配置；多机训练时每个 NPU 都需要地址。',
    ),
    text('hccn_tool -i N -ip -s address A netmask M', 'hccn_tool -i N -ip -s address A netmask M'),
  )
}

async function checkLinks(probe: Probe, deviceIds: readonly number[]): Promise<DoctorItem> {
  const [first = 0] = deviceIds
  const named: Named = {
    id: 'hccn-links',
    group: 'network',
    title: text('Links of the NPUs', 'NPU 网络链路'),
    command: probe.typed('hccn_tool', '-i', String(first), '-link', '-g'),
  }
  const states = await Promise.all(
    deviceIds.map(async (id) => {
      const { text: printed, isMissing } = await probe.run('hccn_tool', '-i', String(id), '-link', '-g')
      if (isMissing) return 'missing'
      const { link } = parseHostText('hccn', printed) as { link?: unknown }
      return typeof link === 'string' ? link : 'unknown'
    }),
  )
  if (states.every((state) => state === 'missing')) {
    return unknown(named, '', text('hccn_tool is not on the PATH.', 'PATH 中没有 hccn_tool。'))
  }
  const up = states.filter((state) => state === 'UP').length
  const value = `${up} / ${deviceIds.length} UP`
  if (up === deviceIds.length) return ok(named, value)
  if (!states.includes('DOWN')) return unknown(named, value, text('It normally needs root.', '通常需要 root 权限。'))
  const down = deviceIds.filter((_, index) => states[index] === 'DOWN').join(', ')
  return warning(
    named,
    value,
    text(`Down: ${down}.`, `链路断开：${down}。`),
    text('Look at cable, optical module and switch port.', '请检查线缆、光模块与交换机端口。'),
  )
}

async function checkPorts(probe: Probe): Promise<DoctorItem> {
  const command = ['ss', '-Htln'] as const
  const { text: printed, isMissing } = await probe.run(...command)
  const named: Named = {
    id: 'ports',
    group: 'network',
    title: text('Ports for training', '训练所需端口'),
    command: probe.typed(...command),
  }
  if (isMissing) return unknown(named, '')
  const busy = new Set([...printed.matchAll(/:(\d+)\s/g)].map(([, port]) => Number(port)))
  const taken = PORTS.filter((port) => busy.has(port))
  if (taken.length === 0) return ok(named, '29500, 8118, 60000–60031')
  const list = taken.join(', ')
  return warning(
    named,
    list,
    text(`In use: ${list}.`, `已被占用：${list}。`),
    text('Choose another MASTER_PORT or HCCL_IF_BASE_PORT.', '请更换 MASTER_PORT 或 HCCL_IF_BASE_PORT。'),
  )
}

/** The clocks of several hosts are compared by whoever asks them all. */
async function checkClock(probe: Probe): Promise<DoctorItem> {
  const command = ['date', '-u', '+%Y-%m-%dT%H:%M:%SZ'] as const
  const { text: printed } = await probe.run(...command)
  const named: Named = { id: 'clock', group: 'network', title: text('Clock', '时钟'), command: probe.typed(...command) }
  const at = Date.parse(printed.trim())
  if (Number.isNaN(at)) return error(named, printed.trim(), text('date gives no time.', 'date 未返回时间。'))
  return ok(named, printed.trim())
}

/** A password in a proxy's address is nobody's business. */
async function checkProxies(probe: Probe): Promise<DoctorItem> {
  const named: Named = { id: 'proxies', group: 'network', title: text('Proxies', '代理'), command: probe.typed('env') }
  const { text: printed } = await probe.run('env')
  const set = printed
    .split('\n')
    .filter((line) => PROXY_VARIABLES.some((name) => line.startsWith(`${name}=`)))
    .map((line) => line.replace(/\/\/[^@/]*@/, '//…@'))
  return ok(named, set.length === 0 ? '–' : set.join(' '))
}
