import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a driver says of itself; ranges as the vendor's version.info writes them. */
export interface DriverRelease {
  readonly version: string
  /** `Innerversion=`, which toolkits are compared with. */
  readonly inner: string
  readonly firmwares: string
}

export interface FirmwareRelease {
  readonly version: string
  /** `package_version=`, in the driver's numbers. */
  readonly release: string
  readonly drivers: string
}

/** Two releases that go together, and the ones before. */
export const releases = {
  driver: { version: '25.0.rc1.1', inner: 'V100R001C21SPC001B220', firmwares: '[7.0.0,7.7.99]' },
  firmware: {
    version: '7.7.0.1.231',
    release: '25.0.rc1.1',
    drivers: '[23.0.0,23.0.0.],[24.0,24.0.],[24.1,24.1.],[25.0,25.0.]',
  },
  oldDriver: { version: '24.1.rc2.2', inner: 'V100R001C18SPC001B233', firmwares: '[7.0.0,7.2.99]' },
  oldFirmware: { version: '7.1.0.11.220', release: '23.0.7', drivers: '[23.0.0,23.0.0.],[24.0,24.0.],[24.1,24.1.]' },
} as const satisfies Record<string, DriverRelease | FirmwareRelease>

/** Architecture as `uname -m` says it. */
export const machineArch = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

/**
 * Writes a driver package into a folder: it installs `npu-smi`, `hccn_tool` and the version files on make-believe
 * servers, with the options, messages and failures of the vendor's.
 * @returns its path
 */
export function writeDriverPackage(folder: string, release: DriverRelease, arch: string = machineArch): string {
  return writePackage(folder, {
    name: `Ascend-hdk-910b-npu-driver_${release.version}_linux-${arch}.run`,
    title: 'ASCEND DRIVER RUN PACKAGE',
    part: 'driver',
    arch,
    version: release.version,
    fields: { VERSION: release.version, INNER: release.inner, FIRMWARES: release.firmwares },
  })
}

/** As `writeDriverPackage`, for the firmware. */
export function writeFirmwarePackage(folder: string, release: FirmwareRelease): string {
  return writePackage(folder, {
    name: `Ascend-hdk-910b-npu-firmware_${release.version}.run`,
    title: 'ASCEND-HDK-910B-NPU FIRMWARE RUN PACKAGE',
    part: 'firmware',
    arch: '',
    version: release.version,
    fields: { VERSION: release.version, PACKAGE: release.release, DRIVERS: release.drivers },
  })
}

interface Package {
  readonly name: string
  readonly title: string
  readonly part: 'driver' | 'firmware'
  readonly arch: string
  readonly version: string
  /** What stands between at signs in its version.info. */
  readonly fields: Readonly<Record<string, string>>
}

function writePackage(folder: string, { name, title, part, arch, version, fields }: Package): string {
  const payload = mkdtempSync(join(tmpdir(), 'awb-package-'))
  try {
    cpSync(join(import.meta.dirname, part), payload, { recursive: true })
    const info = join(payload, 'version.info')
    writeFileSync(info, filled(readFileSync(info, 'utf8'), fields))
    const archive = execFileSync('tar', ['-cz', '-C', payload, '.'], { maxBuffer: 2 ** 20 })
    const head = readFileSync(join(import.meta.dirname, 'package-head.sh'), 'utf8')
    const lines = String(head.split('\n').length)
    const sum = createHash('sha256').update(archive).digest('hex')
    const path = join(folder, name)
    const script = filled(head, { NAME: name, TITLE: title, VERSION: version, ARCH: arch, SUM: sum, LINES: lines })
    writeFileSync(path, Buffer.concat([Buffer.from(script), archive]), { mode: 0o755 })
    return path
  } finally {
    rmSync(payload, { recursive: true })
  }
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole)
}
