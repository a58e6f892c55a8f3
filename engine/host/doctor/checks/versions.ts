import type { DoctorItem } from '../../../protocol/doctor.ts'
import { parseHostText } from '../../parsers/index.ts'
import { error, note, ok, text, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'
import { isInRanges } from '../version-order.ts'

/** What the later checks compare with. */
export interface Versions {
  readonly driver: string | null
  readonly cann: string | null
}

const ASCEND = '/usr/local/Ascend'
/** Where toolkits have been over time; the first that is there counts. */
const TOOLKITS = ['aarch64', 'x86_64'].flatMap((arch) => [
  `${ASCEND}/ascend-toolkit/latest/${arch}-linux/ascend_toolkit_install.info`,
  `${ASCEND}/cann/${arch}-linux/ascend_toolkit_install.info`,
])
const KERNELS = [`${ASCEND}/ascend-toolkit/latest/opp_kernel/version.info`, `${ASCEND}/cann/opp_kernel/version.info`]
const NNALS = [`${ASCEND}/nnal/atb/latest/version.info`, `${ASCEND}/nnal/asdsip/latest/version.info`]

/** Driver, firmware, toolkit, kernels and NNAL, and whether they go together. */
export async function checkVersions(
  probe: Probe,
  hasNpus: boolean,
): Promise<{ items: DoctorItem[]; versions: Versions }> {
  const driver = await fieldsOf(probe, [`${ASCEND}/driver/version.info`])
  const firmware = await fieldsOf(probe, [`${ASCEND}/firmware/version.info`])
  const toolkit = await fieldsOf(probe, TOOLKITS)
  const kernels = await fieldsOf(probe, KERNELS)
  const nnal = await fieldsOf(probe, NNALS)
  const items = [
    checkDriver(probe, driver, hasNpus),
    checkFirmware(probe, firmware, driver, hasNpus),
    checkToolkit(probe, toolkit, driver),
    checkPart(probe, 'kernels', text('CANN kernels', 'CANN 算子包'), kernels, KERNELS),
    checkPart(probe, 'nnal', text('NNAL', 'NNAL'), nnal, NNALS),
  ]
  const driverVersion = driver?.fields['package_version'] ?? driver?.fields['Version'] ?? null
  return { items, versions: { driver: driverVersion, cann: toolkit?.fields['version'] ?? null } }
}

interface Found {
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
}

async function fieldsOf(probe: Probe, paths: readonly string[]): Promise<Found | null> {
  for (const path of paths) {
    const content = await probe.read(path)
    if (content === null) continue
    const { fields } = parseHostText('fields', content) as { fields?: Record<string, string> }
    return { path, fields: fields ?? {} }
  }
  return null
}

function checkDriver(probe: Probe, found: Found | null, hasNpus: boolean): DoctorItem {
  const path = `${ASCEND}/driver/version.info`
  const named: Named = { id: 'driver', group: 'npu', title: text('Driver', '驱动'), command: probe.typed('cat', path) }
  if (found !== null) return ok(named, found.fields['package_version'] ?? found.fields['Version'] ?? '')
  const reason = text('No driver is installed.', '未安装驱动。')
  if (!hasNpus) return note(named, '–', reason)
  const remedy =
    probe.container === null
      ? text('Install the driver, then the firmware.', '请先安装驱动，再安装固件。')
      : text(`Mount ${ASCEND}/driver into the container.`, `请将 ${ASCEND}/driver 挂载到容器中。`)
  return error(named, '–', reason, remedy)
}

function checkFirmware(probe: Probe, found: Found | null, driver: Found | null, hasNpus: boolean): DoctorItem {
  const path = `${ASCEND}/firmware/version.info`
  const named: Named = {
    id: 'firmware',
    group: 'npu',
    title: text('Firmware', '固件'),
    command: probe.typed('cat', path),
  }
  if (found === null) {
    const reason = text('No firmware package is recorded.', '没有固件安装记录。')
    // Containers do without the file, which is the host's.
    if (!hasNpus || probe.container !== null) return note(named, '–', reason)
    return warning(named, '–', reason, text('Install the firmware after the driver.', '请在安装驱动后安装固件。'))
  }
  const version = found.fields['Version'] ?? ''
  if (driver === null) return ok(named, version)
  const driverVersion = driver.fields['package_version'] ?? driver.fields['Version'] ?? ''
  const byDriver = isInRanges(version, driver.fields['compatible_version_fw'] ?? '')
  const byFirmware = isInRanges(driverVersion, found.fields['compatible_version_drv'] ?? '')
  if (byDriver !== false && byFirmware !== false) return ok(named, version)
  return error(
    named,
    version,
    text(`It does not go with driver ${driverVersion}.`, `与驱动 ${driverVersion} 不兼容。`),
    text(
      'Install driver and firmware of one release: firmware, then driver, then restart.',
      '请安装同一版本的驱动与固件：先固件，后驱动，然后重启。',
    ),
  )
}

/** The driver's inner version against what the toolkit says it can work with. */
function checkToolkit(probe: Probe, found: Found | null, driver: Found | null): DoctorItem {
  const named: Named = {
    id: 'toolkit',
    group: 'cann',
    title: text('CANN toolkit', 'CANN 工具包'),
    command: probe.typed('cat', found?.path ?? TOOLKITS[0] ?? ''),
  }
  if (found === null) {
    return note(named, '–', text('Not installed here; images bring their own.', '此处未安装；镜像通常自带。'))
  }
  const version = found.fields['version'] ?? ''
  const inner = driver?.fields['Innerversion']
  const fits = inner === undefined ? null : isInRanges(inner, found.fields['compatible_version'] ?? '')
  // A newer driver serves an older toolkit, which cannot know its number: only older ones are told.
  const isOlder = inner !== undefined && inner.slice(0, 11) < (found.fields['innerversion'] ?? '').slice(0, 11)
  if (fits !== false || !isOlder) return ok(named, version)
  return warning(
    named,
    version,
    text(`The driver (${inner}) is older than this toolkit knows.`, `驱动（${inner}）早于该工具包支持的版本。`),
    text('Install a newer driver, or an older toolkit.', '请升级驱动，或使用较旧的工具包。'),
  )
}

/** Parts that some stacks do without. */
function checkPart(
  probe: Probe,
  id: string,
  title: Named['title'],
  found: Found | null,
  paths: readonly string[],
): DoctorItem {
  const named: Named = { id, group: 'cann', title, command: probe.typed('cat', found?.path ?? paths[0] ?? '') }
  if (found === null) return note(named, '–', text('Not found.', '未找到。'))
  return ok(named, found.fields['version'] ?? found.fields['Version'] ?? '')
}
