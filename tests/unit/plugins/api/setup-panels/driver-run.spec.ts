import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import { planDriver } from '../../../../../plugins/telechat2/src/index.ts'
import { scriptOf } from './families.ts'

const names = {
  driver: 'Ascend-hdk-910b-npu-driver_24.1.RC1_linux-aarch64.run',
  firmware: 'Ascend-hdk-910b-npu-firmware_7.1.0.5.220.run',
}
const says = {
  driver: 'Driver package installed successfully! The new version takes effect immediately.',
  driverRestart: 'Driver package installed successfully! Reboot needed for installation/upgrade to take effect!',
  firmware:
    'Firmware package installed successfully! Reboot now or after driver installation for the installation/upgrade to take effect.',
  failure: '[ERROR]The list of missing tools: lspci,ifconfig,',
}
let folder = ''

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'awb-driver-')), `it's "a" $(touch evil) & b`)
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeProgram('bin/sudo', 'shift; [ "$1" != -- ] || shift; exec "$@"')
  writeProgram('bin/uname', 'if [ "$1" = -r ]; then echo 5.10-awb; else echo aarch64; fi')
  writeProgram('bin/npu-smi', 'echo "$NPU_SMI"')
  for (const kind of ['driver', 'firmware'] as const) makePackage(kind, says[kind])
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

function writeProgram(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/bash\n${body}\n`)
  chmodSync(join(folder, name), 0o755)
}

/** A package that notes its options, says `text`, ends with `status`, and leaves its version where it says success. */
function makePackage(
  kind: 'driver' | 'firmware',
  text: string,
  status = 0,
  check = 'SHA256 checksums are OK. All good.',
) {
  const version = kind === 'driver' ? '24.1.rc1' : '7.1.0.5.220'
  const here = `$(dirname -- "$0")`
  writeProgram(
    names[kind],
    `[ "$1" != --check ] || { echo '${check}'; exit 0; }
printf '%s\\n' "${kind} $*" >> "${here}/calls"
echo '${text}'
case '${text}' in *successfully*)
  mkdir -p "${here}/ascend/${kind}/script"
  echo 'Version=${version}' > "${here}/ascend/${kind}/version.info"
esac
exit ${status}`,
  )
}

function run(step: string, values: FormValues = {}, env: Record<string, string> = {}) {
  const plan = planDriver(
    inputForTest(
      {
        driver: join(folder, names.driver),
        firmware: join(folder, names.firmware),
        installPath: join(folder, 'ascend'),
        ...values,
      },
      { facts: factsForTest({ arch: 'arm64' }) },
    ),
  )
  expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
  return spawnSync('bash', ['-s'], {
    input: scriptOf(plan, step),
    encoding: 'utf8',
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      RESTART_MARKER: join(folder, 'marker'),
      NPU_SMI: '| NPU | OK |',
      ...env,
    },
  })
}
const calls = (): string[] =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []
const restart = () => rmSync(join(folder, 'marker'), { force: true })

describe('the check before an installation', () => {
  it('checks both packages and changes nothing', () => {
    const { status, stdout } = run('prepare')
    expect(status).toBe(0)
    expect(stdout.match(/checksums are OK/g)).toHaveLength(2)
    expect(calls()).toEqual([])
  })

  it('refuses a package that does not say that it is whole, although it ends with 0', () => {
    makePackage('firmware', says.firmware, 0, 'Error in SHA256 checksums')
    const { status, stderr } = run('prepare')
    expect(status).toBe(1)
    expect(stderr).toContain('did not say that its checksums are OK')
  })

  it('names a package that is not there', () => {
    rmSync(join(folder, names.driver))
    expect(run('prepare')).toMatchObject({ status: 1, stderr: `No such file: ${join(folder, names.driver)}\n` })
  })

  it('refuses another processor', () => {
    writeProgram('bin/uname', 'echo x86_64')
    expect(run('prepare').stderr).toContain('The driver is for aarch64, this host is x86_64.')
  })
})

describe('the installation of missing tools', () => {
  it('asks the package manager only for what is missing, and looks again', () => {
    for (const tool of ['dkms', 'gcc', 'make', 'ifconfig', 'lspci']) writeProgram(`bin/${tool}`, '')
    writeProgram('bin/apt-get', 'printf "%s\\n" "$*" > packages')
    const { status, stderr } = run('dependencies')
    expect(readFileSync(join(folder, 'packages'), 'utf8')).toBe('install -y linux-headers-5.10-awb\n')
    expect(status).toBe(1)
    expect(stderr).toBe('Still missing: headers\n')
  })
})

describe('a first installation', () => {
  it('takes driver and firmware, and waits for the restart that the firmware asks for', () => {
    expect(run('driver').status).toBe(0)
    expect(run('firmware').status).toBe(0)
    const path = `--install-path=${join(folder, 'ascend')}`
    expect(calls()).toEqual([`driver --full --install-for-all ${path} --quiet`, `firmware --full ${path} --quiet`])
    const { status, stderr } = run('verify')
    expect(status).toBe(75)
    expect(stderr).toContain('Restart the host: this run goes on then.')
    restart()
    expect(run('verify')).toMatchObject({ status: 0, stdout: '| NPU | OK |\n' })
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })

  it('goes on after the restart that the driver asks for, and skips the driver', () => {
    makePackage('driver', says.driverRestart)
    expect(run('driver').status).toBe(0)
    expect(run('firmware').status).toBe(75)
    expect(calls()).toHaveLength(1)
    restart()
    expect(run('driver')).toMatchObject({ status: 0, stdout: 'The driver 24.1.rc1 is installed already.\n' })
    expect(run('firmware').status).toBe(0)
    expect(calls().map((call) => call.split(' ')[0])).toEqual(['driver', 'firmware'])
  })

  it('fails where the text of success is missing, although the status is 0', () => {
    makePackage('driver', says.failure)
    const { status, stdout, stderr } = run('driver')
    expect(status).toBe(1)
    expect(stdout).toContain('missing tools: lspci,ifconfig')
    expect(stderr).toContain('The driver was not installed')
    expect(existsSync(join(folder, 'marker'))).toBe(false)
  })

  it('fails where the package ends badly after the text of success', () => {
    makePackage('firmware', says.firmware, 1)
    expect(run('firmware').status).toBe(1)
    expect(existsSync(join(folder, 'marker'))).toBe(false)
  })

  it('does not install over another version', () => {
    mkdirSync(join(folder, 'ascend', 'driver'), { recursive: true })
    writeFileSync(join(folder, 'ascend', 'driver', 'version.info'), 'Version=23.0.3\n')
    const { status, stderr } = run('driver')
    expect(status).toBe(1)
    expect(stderr).toContain('The driver 23.0.3 is installed. Choose to overwrite it')
    expect(calls()).toEqual([])
  })
})

describe('an installation over another one', () => {
  it('replaces another version, and installs the same one only where asked', () => {
    const over = { action: 'overwrite', mode: 'upgrade', forAll: false }
    mkdirSync(join(folder, 'ascend', 'driver'), { recursive: true })
    writeFileSync(join(folder, 'ascend', 'driver', 'version.info'), 'Version=23.0.3\n')
    expect(run('driver', over).status).toBe(0)
    expect(run('driver', over).stdout).toContain('installed already')
    expect(run('driver', { ...over, again: true, extra: '--force' }).status).toBe(0)
    expect(calls()).toHaveLength(2)
    expect(calls()[1]).toMatch(/^driver --upgrade --install-path=.* --quiet --force$/)
  })
})

describe('an uninstallation', () => {
  const gone = { action: 'uninstall' }

  it('runs the script of what is installed, and says that a restart is needed', () => {
    run('driver')
    writeProgram('ascend/driver/script/uninstall.sh', 'echo "Driver package uninstalled successfully! Reboot needed"')
    expect(run('driver', gone).status).toBe(0)
    expect(run('firmware', gone)).toMatchObject({ status: 0, stdout: 'The firmware is not installed.\n' })
    const { status, stderr } = run('rest', gone)
    expect(status).toBe(75)
    expect(stderr).toContain('Only a restart unloads everything.')
    restart()
    expect(run('rest', gone)).toMatchObject({ status: 0, stdout: 'Driver and firmware are gone.\n' })
  })

  it('fails where the text of success is missing', () => {
    run('driver')
    writeProgram('ascend/driver/script/uninstall.sh', 'echo "The davinci nodes are occupied by some processes"')
    expect(run('driver', gone).status).toBe(1)
    expect(existsSync(join(folder, 'marker'))).toBe(false)
  })
})

describe('the last look', () => {
  it('takes no exit status 0 for success', () => {
    expect(run('verify', {}, { NPU_SMI: 'dcmi module initialize failed. ret is -8005' }).status).toBe(1)
  })
})
