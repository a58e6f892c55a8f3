import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { examineHost } from '../../../../../engine/host/doctor/doctor.ts'
import { reportMarkdown } from '../../../../../engine/protocol/doctor-markdown.ts'
import type { DoctorItem } from '../../../../../engine/protocol/doctor.ts'
import { FakeUserland } from './userland.ts'

const fixtures = resolve(import.meta.dirname, '../../../../fixtures/host')
const fixture = (path: string): Promise<string> => readFile(resolve(fixtures, path), 'utf8')
const { signal } = new AbortController()
let host: FakeUserland

beforeEach(async () => {
  host = await FakeUserland.create()
  vi.stubEnv('PATH', host.path)
  vi.stubEnv('https_proxy', 'http://me:secret@proxy:3128')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await host[Symbol.asyncDispose]()
})

/** Eight 910B4 with driver 24.1.rc3, its firmware, CANN 8.0.RC3, docker with the Ascend runtime, all in order. */
async function healthyHost(): Promise<void> {
  const pci = Array.from({ length: 8 }, (_, card) => `0${card}:00.0 1200: 19e5:d802 (rev 20)`).join('\n')
  await host.command('lspci', `cat <<'END'\n${pci}\nEND`.replace('cat', '/bin/cat'))
  await host.command('npu-smi', `/bin/cat '${fixtures}/npu-smi/058-910B4-24.1.rc3-info.txt'`)
  await host.command('hccn_tool', 'echo "link status: UP"')
  await host.command('docker', `[ "$1" = info ] && exec /bin/cat "$ROOT/docker-info"\nexit 1`)
  await host.file('docker-info', 'Server Version: 24.0.7\nRuntimes: ascend runc\nDefault Runtime: ascend\n')
  for (const node of ['davinci0', 'davinci1', 'davinci_manager', 'devmm_svm', 'hisi_hdc'])
    await host.file(`dev/${node}`, '')
  await host.file(
    'usr/local/Ascend/driver/version.info',
    'Version=24.1.rc3\nInnerversion=V100R001C19SPC001B111\ncompatible_version_fw=[7.0.0,7.2.99]\npackage_version=24.1.rc3\n',
  )
  await host.file('usr/local/Ascend/firmware/version.info', 'Version=7.1.0.11.220\npackage_version=24.1.rc3\n')
  await host.file(
    'usr/local/Ascend/ascend-toolkit/latest/aarch64-linux/ascend_toolkit_install.info',
    'package_name=Ascend-cann-toolkit\nversion=8.0.RC3\ninnerversion=V100R001C19SPC001B137\ncompatible_version=[V100R001C13,V100R001C19]\n',
  )
  await host.file(
    'etc/os-release',
    await fixture('version-info/059-os-openEuler-24.03.txt').catch(
      () => 'NAME=openEuler\nPRETTY_NAME="openEuler 24.03 (LTS)"\n',
    ),
  )
  await host.command(
    'python3',
    `echo '{"python": "3.10.14", "packages": {"torch": "2.4.0", "torch_npu": "2.4.0", "mindspore": "2.4.0", "mindformers": "1.3.0"}}'`,
  )
}

async function examine(container: string | null = null): Promise<Map<string, DoctorItem>> {
  const { items } = await examineHost(container, signal)
  return new Map(items.map((item) => [item.id, item]))
}
const wrong = (items: Map<string, DoctorItem>): string[] =>
  [...items.values()].filter(({ verdict }) => verdict === 'warning' || verdict === 'error').map(({ id }) => id)

describe('a healthy host', () => {
  beforeEach(healthyHost)

  it('has nothing wrong, and each finding its command', async () => {
    const items = await examine()
    expect(wrong(items)).toEqual([])
    expect(items.get('npu-bus')?.value).toBe('8 × 910B')
    expect(items.get('driver')?.value).toBe('24.1.rc3')
    expect(items.get('toolkit')?.value).toBe('8.0.RC3')
    expect(items.get('ascend-runtime')?.value).toContain('ascend')
    expect(items.get('hccn-links')?.value).toMatch(/^(\d+) \/ \1 UP$/)
    for (const item of items.values()) expect(item.command, item.id).not.toBe('')
  })

  it('never shows the password of a proxy', async () => {
    const report = JSON.stringify([...(await examine()).values()])
    expect(report).toContain('proxy:3128')
    expect(report).not.toContain('secret')
  })

  it('reads as Markdown in both languages', async () => {
    const report = await examineHost(null, signal)
    expect(reportMarkdown(report, 'en')).toMatch(/\| Driver \| ok \| 24\.1\.rc3 \| `cat /)
    expect(reportMarkdown(report, 'zh-CN')).toMatch(/\| 驱动 \| 正常 \| 24\.1\.rc3 \| `cat /)
  })

  it.each([
    ['firmware', () => host.file('usr/local/Ascend/firmware/version.info', 'Version=7.7.0.1.231\n')],
    [
      'firmware',
      () =>
        host.file('usr/local/Ascend/firmware/version.info', 'Version=7.1.0.1\ncompatible_version_drv=[25.0,25.0.]\n'),
    ],
    [
      'toolkit',
      () =>
        host.file(
          'usr/local/Ascend/ascend-toolkit/latest/aarch64-linux/ascend_toolkit_install.info',
          'version=8.5.0\ninnerversion=V100R001C25SPC001B212\ncompatible_version=[V100R001C20],[V100R001C23]\n',
        ),
    ],
    [
      'torch_npu',
      () => host.command('python3', `echo '{"python": "3.10", "packages": {"torch": "2.1.0", "torch_npu": "2.4.0"}}'`),
    ],
    ['torch_npu', () => host.command('python3', `echo '{"python": "3.10", "packages": {"torch_npu": "2.12.0"}}'`)],
    [
      'mindformers',
      () =>
        host.command('python3', `echo '{"python": "3.9", "packages": {"mindspore": "2.2.0", "mindformers": "1.3.0"}}'`),
    ],
    [
      'hccn-links',
      () => host.command('hccn_tool', '[ "$2" = 1 ] && echo "link status: DOWN" || echo "link status: UP"'),
    ],
    ['ports', () => host.command('ss', 'echo "LISTEN 0 128 0.0.0.0:29500 0.0.0.0:*"')],
    ['docker', () => host.command('docker', 'echo "permission denied while trying to connect" >&2; exit 1')],
    ['npu-smi', () => host.command('npu-smi', 'echo "dcmi module initialize failed. ret is -8005"')],
    [
      'npu-smi',
      () => host.command('npu-smi', `/bin/sed 's/| OK  /| Alarm/' '${fixtures}/npu-smi/058-910B4-24.1.rc3-info.txt'`),
    ],
    ['device-rights', () => host.command('sh', 'echo "denied /dev/hisi_hdc"; echo "uid=1001(ann) gid=1001(ann)"')],
    ['device-rights', () => host.command('sh', 'echo "missing /dev/hisi_hdc"; echo "uid=0(root)"')],
  ])('with one thing broken: %s', async (id, breakIt) => {
    await breakIt()
    const items = await examine()
    expect(wrong(items)).toEqual([id])
    expect(items.get(id)?.reason?.en).not.toBe(items.get(id)?.reason?.['zh-CN'])
  })

  it('is looked at through a container as well', async () => {
    await host.command('docker', `[ "$1 $2" = "exec telechat" ] || exit 1; shift 2; exec "$@"`)
    const items = await examine('telechat')
    expect(items.get('driver')?.command).toBe('docker exec telechat cat /usr/local/Ascend/driver/version.info')
    expect(items.has('docker')).toBe(false)
    expect(wrong(items)).toEqual([])
  })
})

it('an ordinary computer has notes, no errors about Ascend', async () => {
  const items = await examine()
  expect([...items.values()].filter(({ verdict }) => verdict === 'error')).toEqual([])
  expect(items.get('driver')?.verdict).toBe('note')
})

it('podman in place of docker is fine', async () => {
  const info = 'host:\n  buildahVersion: 1.28.2\nversion:\n  APIVersion: 4.3.1\n  Version: 4.3.1'
  await host.command('docker', `/bin/cat <<'END'\n${info}\nEND`)
  expect((await examine()).get('docker')).toMatchObject({ verdict: 'ok', value: 'Podman 4.3.1' })
})

it('a container that does not answer is named', async () => {
  await expect(examineHost('gone', signal)).rejects.toMatchObject({
    code: 'host.containerMissing',
    params: { container: 'gone' },
  })
})
