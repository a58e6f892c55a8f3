import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const fixtures = join(root, 'tests/fixtures/host')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-hccl-'))
  writeFileSync(
    join(folder, 'hccn_tool'),
    '#!/bin/sh\n[ "$2" = 6 ] || echo "ipaddr:10.1.0.$2"\necho "netmask:255.255.0.0"\n',
  )
  chmodSync(join(folder, 'hccn_tool'), 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Answer {
  code: number
  out: string
  err: string
}

function awb(...args: string[]): Promise<Answer> {
  const { INIT_CWD: _npm, ...env } = process.env
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'engine/cli.ts'), ...args],
      { cwd: folder, env: { ...env, LC_ALL: 'C', PATH: `${folder}${delimiter}${env.PATH}` } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err }),
    )
  })
}

describe.skipIf(process.platform === 'win32')('drop-ins for the rank table scripts', () => {
  it('makes the table of a host and merges two', async () => {
    const made = await awb('hccl_tools.py', '--device_num', '[0,4)', '--server_ip', '10.0.0.1')
    expect(made.code, made.err).toBe(0)
    expect(made.out).toContain("visible_devices:['0', '1', '2', '3', '4', '5', '6', '7']\nserver_id:10.0.0.1\n")
    expect(made.out).toContain('rank_id:3, device_id:3, device_ip:10.1.0.3\n')
    const name = 'hccl_4p_0123_10.0.0.1.json'
    expect(JSON.parse(readFileSync(join(folder, name), 'utf8'))).toMatchObject({
      server_count: '1',
      status: 'completed',
    })

    const merged = await awb('merge_hccl.py', join(fixtures, 'rank-tables/hccl_4p_0123_10.0.0.3.json'), name)
    expect(merged.code, merged.err).toBe(0)
    const path = join(folder, 'hccl_2s_8p.json')
    expect(statSync(path).mode & 0o777).toBe(0o750)
    const table = JSON.parse(readFileSync(path, 'utf8')) as { server_list: { server_id: string }[] }
    expect(table.server_list.map((server) => server.server_id)).toEqual(['10.0.0.3', '10.0.0.1'])
    expect((await awb('check_hccl', 'hccl_2s_8p.json')).code).toBe(0)

    const twice = await awb('python', 'mindformers/tools/merge_hccl.py', name, name)
    expect(twice.code).toBe(0)
    expect(twice.err).toContain('server_id 10.0.0.1 appears more than once')
    expect(await awb('check_hccl', 'hccl_2s_8p.json', '--lang', 'zh-CN')).toMatchObject({
      code: 1,
      err: expect.stringContaining('重复出现'),
    })
  })

  it('reads hccn.conf where the tool gives no address', async () => {
    const conf = join(fixtures, 'hccn/001-conf-8-plain.txt')
    const made = await awb('hccl_tools.py', '--server_ip', '10.0.0.2', '--hccn_conf', conf)
    expect(made.code, made.err).toBe(0)
    expect(made.out).toContain('Failed to call hccn_tool, try to read')
    expect(made.out).toContain('device_ip:10.20.11.18')
  })

  it('says what was understood of a saved output', async () => {
    const parsed = await awb('host', 'parse', 'npu-smi', join(fixtures, 'npu-smi/100-910B-25.x-error.txt'), '--json')
    expect(JSON.parse(parsed.out)).toMatchObject({ kind: 'error', error: 'DEVICE_IN_USE', ret: -8020 })
    expect(await awb('host', 'parse', 'nonsense', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('hccn') })
  })
})
