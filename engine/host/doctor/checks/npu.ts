import type { DoctorItem } from '../../../protocol/doctor.ts'
import { NpuTable } from '../../../protocol/npus.ts'
import { parseHostText } from '../../parsers/index.ts'
import { error, note, ok, text, unknown, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'

/** Without these three no process can use a card, whatever its own node. */
const MANAGEMENT_NODES = ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']

/** Cards on the bus, cards that the driver sees, their health, the device nodes and who may use them. */
export async function checkNpus(probe: Probe): Promise<DoctorItem[]> {
  const [bus, table, nodes, rights] = await Promise.all([
    countOnBus(probe),
    readTable(probe),
    listNodes(probe),
    checkRights(probe),
  ])
  const isAscend = bus.count > 0 || table.npus.length > 0 || nodes.length > 0
  return [
    checkBus(probe, bus.count, bus.family),
    checkTable(probe, table, bus.count),
    ...(isAscend ? [checkNodes(probe, nodes), rights] : []),
  ]
}

async function countOnBus(probe: Probe): Promise<{ count: number; family: string }> {
  const { text: printed } = await probe.run('lspci', '-n', '-d', '19e5:')
  const parsed = parseHostText('lspci', printed)
  const { count, family } = parsed as { count?: number; family?: string }
  return { count: typeof count === 'number' ? count : 0, family: family ?? '' }
}

function checkBus(probe: Probe, count: number, family: string): DoctorItem {
  const named: Named = {
    id: 'npu-bus',
    group: 'npu',
    title: text('NPUs on the bus', '总线上的 NPU'),
    command: probe.typed('lspci', '-n', '-d', '19e5:'),
  }
  if (count > 0) return ok(named, `${count} × ${family || 'NPU'}`)
  const reason = text(
    'No Ascend device is on the PCIe bus, or lspci (pciutils) is missing.',
    'PCIe 总线上没有昇腾设备，或缺少 lspci（pciutils）。',
  )
  return note(named, '0', reason)
}

interface Table {
  readonly npus: NpuTable['npus']
  readonly driver: string | null
  readonly failure: string | null
  readonly meaning: { en: string; zh: string } | null
  readonly isMissing: boolean
}

async function readTable(probe: Probe): Promise<Table> {
  const { text: printed, isMissing } = await probe.run('npu-smi', 'info')
  const parsed = NpuTable.safeParse(parseHostText('npu-smi', printed))
  if (parsed.success) return { ...parsed.data, failure: null, meaning: null, isMissing }
  const [en, zh] = [parseHostText('npu-smi', printed, 'en'), parseHostText('npu-smi', printed, 'zh-CN')]
  const meaning =
    typeof en['meaning'] === 'string' && typeof zh['meaning'] === 'string'
      ? { en: en['meaning'], zh: zh['meaning'] }
      : null
  return { npus: [], driver: null, failure: printed.trim().split('\n')[0] ?? '', meaning, isMissing }
}

function checkTable(probe: Probe, { npus, failure, meaning, isMissing }: Table, onBus: number): DoctorItem {
  const named: Named = {
    id: 'npu-smi',
    group: 'npu',
    title: text('NPUs of the driver', '驱动识别的 NPU'),
    command: probe.typed('npu-smi', 'info'),
  }
  if (failure !== null) {
    if (onBus === 0 && isMissing) return note(named, '–', text('npu-smi is not here.', '没有 npu-smi。'))
    const reason = meaning ? text(meaning.en, meaning.zh) : text(failure || 'No answer.', failure || '没有响应。')
    return error(named, failure.slice(0, 80), reason, text('Install or repair the driver.', '请安装或修复驱动。'))
  }
  const names = [...new Set(npus.map(({ name }) => name))].join(', ')
  const value = `${npus.length} × ${names}`
  const sick = npus.filter(({ health }) => !/^ok$/i.test(health))
  const [first] = sick
  if (first !== undefined) {
    const list = sick.map(({ npu, health }) => `${npu} ${health}`).join(', ')
    return error(
      named,
      value,
      text(`Not healthy: ${list}.`, `状态异常：${list}。`),
      text(
        `npu-smi info -t health -i ${first.npu} names the fault.`,
        `用 npu-smi info -t health -i ${first.npu} 查看故障。`,
      ),
    )
  }
  if (onBus > npus.length && npus.length > 0 && onBus % npus.length !== 0) {
    const reason = text(`${onBus} devices are on the bus.`, `总线上有 ${onBus} 个设备。`)
    return warning(named, value, reason, text('Restart the host; then look at dmesg.', '请重启主机，再查看 dmesg。'))
  }
  return ok(named, value)
}

async function listNodes(probe: Probe): Promise<string[]> {
  const { text: printed } = await probe.run('ls', '-1', '/dev')
  return printed.split('\n').filter((name) => /^davinci\d+$/.test(name))
}

function checkNodes(probe: Probe, nodes: readonly string[]): DoctorItem {
  const named: Named = {
    id: 'device-nodes',
    group: 'npu',
    title: text('Device nodes', '设备节点'),
    command: probe.typed('ls', '-l', '/dev'),
  }
  if (nodes.length > 0) return ok(named, `${nodes.length} × /dev/davinciN`)
  const remedy =
    probe.container === null
      ? text(
          'Load the driver (lsmod | grep drv_davinci) or restart.',
          '加载驱动（lsmod | grep drv_davinci）或重启主机。',
        )
      : text('Create the container with --device for each card.', '创建容器时为每张卡添加 --device。')
  return error(named, '0', text('There is no /dev/davinciN.', '没有 /dev/davinciN。'), remedy)
}

/** Whether this user may open the nodes; in a container the user of `docker exec`. */
async function checkRights(probe: Probe): Promise<DoctorItem> {
  const named: Named = {
    id: 'device-rights',
    group: 'npu',
    title: text('Right to use them', '设备访问权限'),
    command: probe.typed('id'),
  }
  const script = `for node in ${MANAGEMENT_NODES.join(' ')}; do [ -e "$node" ] || echo "missing $node"; [ ! -e "$node" ] || [ -r "$node" -a -w "$node" ] || echo "denied $node"; done; id`
  const { text: printed } = await probe.run('sh', '-c', script)
  const missing = [...printed.matchAll(/^missing (\S+)$/gm)].map(([, node]) => node)
  const denied = [...printed.matchAll(/^denied (\S+)$/gm)].map(([, node]) => node)
  const who = /uid=\d+\(([^)]*)\)/.exec(printed)?.[1] ?? ''
  if (who === '') return unknown(named, '')
  if (missing.length > 0) {
    const list = missing.join(', ')
    const remedy =
      probe.container === null
        ? text('Install the driver, or restart after its installation.', '请安装驱动，或在安装后重启。')
        : text(
            `Create the container with --device ${missing.join(' --device ')}.`,
            `创建容器时添加 --device ${missing.join(' --device ')}。`,
          )
    return error(named, who, text(`Missing: ${list}.`, `缺少：${list}。`), remedy)
  }
  if (denied.length === 0) return ok(named, who)
  return error(
    named,
    who,
    text(`${who} may not open ${denied.join(', ')}.`, `${who} 无权打开 ${denied.join('、')}。`),
    text(
      `Ask root for: usermod -aG HwHiAiUser ${who}; then log in again.`,
      `请管理员执行：usermod -aG HwHiAiUser ${who}，然后重新登录。`,
    ),
  )
}
