import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import type { DoctorItem } from '../../../protocol/doctor.ts'
import { parseHostText } from '../../parsers/index.ts'
import { error, note, ok, text, unknown, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'

const GIB = 1024 ** 3
/** Weights of the smallest model with a dataset hardly fit into less. */
const LEAST_DISK_BYTES = 50 * GIB

/** The machine itself: system, kernel, processor, memory, disks. */
export async function checkSystem(probe: Probe): Promise<DoctorItem[]> {
  return [await checkOs(probe), await checkKernel(probe), checkCpu(), checkMemory(), ...(await checkDisks(probe))]
}

async function checkOs(probe: Probe): Promise<DoctorItem> {
  const named: Named = {
    id: 'os',
    group: 'system',
    title: text('System', '操作系统'),
    command: probe.typed('cat', '/etc/os-release'),
  }
  const content = await probe.read('/etc/os-release')
  if (content === null) return unknown(named, '')
  const { fields } = parseHostText('os-release', content) as { fields?: Record<string, string> }
  return ok(named, fields?.['PRETTY_NAME'] ?? fields?.['NAME'] ?? '')
}

async function checkKernel(probe: Probe): Promise<DoctorItem> {
  const command = ['uname', '-srm'] as const
  const { text: printed } = await probe.run(...command)
  const named: Named = {
    id: 'kernel',
    group: 'system',
    title: text('Kernel and architecture', '内核与架构'),
    command: probe.typed(...command),
  }
  const value = printed.trim()
  if (/aarch64|x86_64/.test(value)) return ok(named, value)
  const reason = text('Ascend software exists for aarch64 and x86_64.', '昇腾软件仅提供 aarch64 与 x86_64 版本。')
  return warning(named, value, reason)
}

function checkCpu(): DoctorItem {
  const named: Named = { id: 'cpu', group: 'system', title: text('Processor', '处理器'), command: 'lscpu' }
  return ok(named, `${availableParallelism()} × ${cpus()[0]?.model.trim() || 'CPU'}`)
}

function checkMemory(): DoctorItem {
  const named: Named = { id: 'memory', group: 'system', title: text('Memory', '内存'), command: 'free -g' }
  return ok(named, `${(freemem() / GIB).toFixed(0)} / ${(totalmem() / GIB).toFixed(0)} GiB`)
}

/** Each real file system once; a container and the host see their own. */
async function checkDisks(probe: Probe): Promise<DoctorItem[]> {
  const command = ['df', '-P', '-B1'] as const
  const { text: printed } = await probe.run(...command)
  const rows = printed
    .split('\n')
    .slice(1)
    .map((line) => /^(\/\S+|\S+:\S+)\s+(\d+)\s+\d+\s+(\d+)\s+\d+%\s+(\/.*)$/.exec(line.trim()))
    .filter((match) => match !== null)
  const seen = new Set<string>()
  const items: DoctorItem[] = []
  for (const [, device = '', total = '', free = '', mount = ''] of rows) {
    if (seen.has(device) || mount.startsWith('/boot') || mount.startsWith('/etc/') || mount.startsWith('/snap'))
      continue
    seen.add(device)
    items.push(checkDisk(probe.typed('df', '-h', mount), mount, Number(free), Number(total)))
  }
  return items
}

function checkDisk(command: string, mount: string, free: number, total: number): DoctorItem {
  const named: Named = { id: `disk ${mount}`, group: 'system', title: text(`Disk ${mount}`, `磁盘 ${mount}`), command }
  const value = `${(free / GIB).toFixed(0)} / ${(total / GIB).toFixed(0)} GiB`
  if (free === 0) {
    return error(
      named,
      value,
      text('It is full.', '磁盘已满。'),
      text('Delete what is no longer needed.', '请清理不再需要的文件。'),
    )
  }
  if (free >= LEAST_DISK_BYTES) return ok(named, value)
  return note(named, value, text('Too little for weights of 7B and more.', '不足以存放 7B 及以上的权重。'))
}
