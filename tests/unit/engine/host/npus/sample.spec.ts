import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sampleNpus } from '../../../../../engine/host/npus/sample.ts'

const fixtures = resolve(import.meta.dirname, '../../../../fixtures/host/npu-smi')
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'awb-npus-'))
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

/** A tool that writes each call down and then does what `body` says. */
async function installTool(body: string): Promise<void> {
  const tool = join(folder, 'npu-smi')
  await writeFile(tool, `#!/bin/sh\necho "$*" >> '${folder}/calls'\n${body}\n`)
  await chmod(tool, 0o755)
}
const calls = async (): Promise<string> => readFile(join(folder, 'calls'), 'utf8')

describe('a sample', () => {
  it('is one run of the tool for all chips', async () => {
    await installTool(`cat '${fixtures}/070-A3-24.1.rc3.3-info.txt'`)
    const { table, problem } = await sampleNpus()
    expect(problem).toBeNull()
    expect(table?.npus).toHaveLength(16)
    expect(await calls()).toBe('info\n')
  })

  it('names the owners of processes', async () => {
    await installTool(`sed 's/17011/${process.pid}/' '${fixtures}/052-910B3-24.1.rc2-info.txt'`)
    const { table, owners } = await sampleNpus()
    expect(table?.processes.map(({ pid: found }) => found)).toContain(process.pid)
    expect(owners[process.pid]).toBe(userInfo().username)
  })

  it('says what an error of the tool means, in both languages, with its words', async () => {
    await installTool('echo "dcmi module initialize failed. ret is -8005" >&2; exit 1')
    const { table, problem } = await sampleNpus()
    expect(table).toBeNull()
    expect(problem).toMatchObject({ code: 'DCMI_INIT_FAILED', raw: 'dcmi module initialize failed. ret is -8005' })
    expect(problem?.text['zh-CN']).not.toBe(problem?.text.en)
  })

  it('shows what is not understood', async () => {
    await installTool('echo "hello there"')
    expect((await sampleNpus()).problem).toMatchObject({ code: 'NPU_SMI_UNREADABLE', raw: 'hello there' })
  })

  it('says that the tool is missing', async () => {
    vi.stubEnv('PATH', folder)
    expect((await sampleNpus()).problem?.code).toBe('NPU_SMI_NOT_FOUND')
  })

  it('ends the tool with its signal', async () => {
    await installTool('exec sleep 60')
    const abort = new AbortController()
    const sampling = sampleNpus(abort.signal)
    setTimeout(() => abort.abort(), 100)
    expect((await sampling).table).toBeNull()
  })
})
