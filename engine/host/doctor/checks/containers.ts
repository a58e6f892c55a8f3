import type { DoctorItem } from '../../../protocol/doctor.ts'
import { parseHostText } from '../../parsers/index.ts'
import { note, ok, text, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'

/** Docker and the runtime that gives containers their cards. Inside a container there is nothing to look at. */
export async function checkContainers(probe: Probe, hasNpus: boolean): Promise<DoctorItem[]> {
  if (probe.container !== null) return []
  const named: Named = {
    id: 'docker',
    group: 'containers',
    title: text('Docker', 'Docker'),
    command: probe.typed('docker', 'info'),
  }
  const { text: printed, isMissing } = await probe.run('docker', 'info')
  if (isMissing) {
    return [
      note(
        named,
        '–',
        text('Docker is not installed.', '未安装 Docker。'),
        text('Install it to run images.', '如需运行镜像请安装。'),
      ),
    ]
  }
  const info = parseHostText('docker', printed) as {
    serverVersion?: string | null
    runtimes?: string[]
    defaultRuntime?: string
  }
  // Podman takes docker's commands and answers in its own form.
  const podman = /^\s*buildahVersion:/m.test(printed) ? /^ {2}Version: (\S+)$/m.exec(printed)?.[1] : undefined
  if (podman !== undefined) return [ok(named, `Podman ${podman}`)]
  if (typeof info.serverVersion !== 'string') {
    const last = (printed.trim().split('\n').at(-1) ?? '').slice(0, 200)
    const remedy = text(
      'Start the service (systemctl start docker), or join the group docker.',
      '请启动服务（systemctl start docker），或加入 docker 组。',
    )
    return [warning(named, '–', text(`It does not answer: ${last}`, `没有响应：${last}`), remedy)]
  }
  const items = [ok(named, info.serverVersion)]
  if (hasNpus) items.push(checkRuntime(probe, info.runtimes ?? [], info.defaultRuntime ?? ''))
  return items
}

function checkRuntime(probe: Probe, runtimes: readonly string[], usual: string): DoctorItem {
  const named: Named = {
    id: 'ascend-runtime',
    group: 'containers',
    title: text('Ascend runtime', '昇腾运行时'),
    command: probe.typed('docker', 'info'),
  }
  const value = runtimes.join(', ')
  if (runtimes.includes('ascend')) return ok(named, usual === 'ascend' ? `${value} (ascend)` : value)
  return note(named, value, text('Not installed: cards are given by --device.', '未安装：需通过 --device 指定 NPU。'))
}
