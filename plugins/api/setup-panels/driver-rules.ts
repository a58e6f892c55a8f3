import type { HostFacts } from '#engine/protocol/host.ts'
import { error, note, warning, type Finding } from '../findings.ts'
import { baseName } from '../paths.ts'
import { text } from '../text.ts'
import type { DriverValues } from './driver-form.ts'

/** What a package's name says of it; the firmware's has no architecture. */
export interface PackageName {
  readonly kind: 'driver' | 'firmware'
  /** The chip as packages call it: 910, 910b, 310p, A3. */
  readonly chip: string
  readonly version: string
  readonly architecture: string | null
}

/** Reads names like `Ascend-hdk-910b-npu-driver_23.0.3_linux-aarch64.run`; null for any other. */
export function packageName(path: string): PackageName | null {
  const name = /^(?:Ascend-hdk-(.+?)|Atlas-(.+?)-hdk)-npu-(driver|firmware)_([^_]+?)(?:_linux-([a-z0-9_-]+))?\.run$/i
  const found = name.exec(baseName(path))
  if (!found) return null
  const [, chip, product, kind = '', version = '', architecture] = found
  return {
    kind: kind.toLowerCase() as PackageName['kind'],
    chip: (chip ?? product ?? '').toLowerCase(),
    version,
    architecture: architecture?.toLowerCase().replace('-', '_') ?? null,
  }
}

/** All remarks about an installation, those of the form aside. */
export const driverRules = (values: DriverValues, facts: HostFacts): Finding[] => [
  ...rootRules(facts),
  ...(values.action === 'uninstall' ? uninstallRules() : packageRules(values, facts)),
  ...pathRules(values),
]

function rootRules({ user }: HostFacts): Finding[] {
  if (user === 'root') return []
  const says = text(
    `Needs root, and the engine runs as ${user}: sudo has to work without a password (sudo -n).`,
    `需要 root 权限，而引擎以 ${user} 运行：sudo 须免密可用（sudo -n）。`,
  )
  return [note('driver.root', says)]
}

function uninstallRules(): Finding[] {
  const says = text(
    'No NPU works afterwards, in no container either. Stop all jobs on NPUs first; restart the host at the end.',
    '卸载后 NPU 不可用，容器内同样不可用。请先停止所有 NPU 任务，完成后重启主机。',
  )
  return [warning('driver.uninstall', says, 'action')]
}

function packageRules(values: DriverValues, facts: HostFacts): Finding[] {
  const { driver, firmware } = values
  if (driver === '' && firmware === '') {
    const says = text('Choose the driver package, the firmware package or both.', '请选择驱动包、固件包或两者。')
    return [error('driver.packages', says, 'driver')]
  }
  const found = [...fileRules('driver', driver, facts), ...fileRules('firmware', firmware, facts)]
  const [one, other] = [packageName(driver), packageName(firmware)]
  if (one && other && one.chip !== other.chip) {
    const says = text(
      `The driver is for ${one.chip}, the firmware for ${other.chip}.`,
      `驱动适用于 ${one.chip}，固件适用于 ${other.chip}。`,
    )
    found.push(error('driver.chips', says, 'firmware'))
  }
  const restart = text(
    'Where a package asks for a restart, the run waits. Restart the host from the page of the run: it goes on by itself, and checks that the NPUs answer.',
    '安装包要求重启时，运行会等待。请在运行页面重启主机，之后会自动继续，并检查 NPU 是否可用。',
  )
  const containers = text(
    'Containers keep the libraries of the old driver: make them anew afterwards.',
    '已有容器仍使用旧驱动库：完成后请重新创建容器。',
  )
  found.push(note('driver.restart', restart))
  if (values.action === 'overwrite') found.push(warning('driver.containers', containers, 'action'))
  if (!values.forAll) {
    const says = text(
      'Users who are not in the group HwHiAiUser cannot use the NPUs.',
      '不在 HwHiAiUser 组的用户无法使用 NPU。',
    )
    found.push(note('driver.group', says, 'forAll'))
  }
  return found
}

function fileRules(kind: 'driver' | 'firmware', path: string, { arch }: HostFacts): Finding[] {
  if (path === '') return []
  if (!/^[/~]/.test(path)) {
    return [error('driver.path', text('Write the whole path, from / or ~.', '请填写以 / 或 ~ 开头的完整路径。'), kind)]
  }
  const name = packageName(path)
  if (!name) {
    const says = text(
      `${baseName(path)} does not look like a package of Ascend HDK, so its version is not known and it is installed in any case.`,
      `${baseName(path)} 不像 Ascend HDK 安装包，无法得知版本，每次都会安装。`,
    )
    return [warning('driver.name', says, kind)]
  }
  if (name.kind !== kind) {
    const says = text(`This is a ${name.kind} package.`, `这是${name.kind === 'driver' ? '驱动' : '固件'}安装包。`)
    return [error('driver.kind', says, kind)]
  }
  const host = arch === 'arm64' ? 'aarch64' : arch === 'x64' ? 'x86_64' : arch
  if (name.architecture === null || name.architecture === host) return []
  const says = text(
    `The package is for ${name.architecture}, this host is ${host}.`,
    `安装包适用于 ${name.architecture}，此主机为 ${host}。`,
  )
  return [error('driver.architecture', says, kind)]
}

function pathRules({ installPath, extra }: DriverValues): Finding[] {
  const found: Finding[] = []
  if (!installPath.startsWith('/')) {
    found.push(error('driver.installPath', text('Write the whole path.', '请填写完整路径。'), 'installPath'))
  }
  if (extra.split(/\s+/).some((word) => word !== '' && !/^--[a-z][a-z-]*(=\S*)?$/.test(word))) {
    found.push(error('driver.extra', text('Options begin with --.', '参数以 -- 开头。'), 'extra'))
  }
  return found
}
