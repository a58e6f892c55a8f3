import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { remoteScript } from '#main/deploy/remote-scripts.ts'
import { parseUsage, USAGE } from '#main/deploy/usage.ts'

it('tells what versions take, and what runs with them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'awb usage-'))
  const engine = join(folder, 'engine', '1.0.0-abc', 'engine.mjs')
  try {
    mkdirSync(join(folder, 'engine', '1.0.0-abc'), { recursive: true })
    mkdirSync(join(folder, 'engine', '2.0.0-def'))
    mkdirSync(join(folder, 'runtime', 'node-24.21.0-linux-x64', 'bin'), { recursive: true })
    mkdirSync(join(folder, 'jobs', 'one'), { recursive: true })
    writeFileSync(engine, `${'/'.repeat(300_000)}\nsetInterval(() => undefined, 1000)\nconsole.log('up')\n`)
    // What the host runs: a supervisor and a terminal of the first engine.
    const programs = ['supervise', 'terminal'].map((role) =>
      spawn(process.execPath, [engine, role, folder], { stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    await Promise.all(programs.map(({ stdout }) => once(stdout, 'data')))
    try {
      const [program = '', ...args] = remoteScript(USAGE, folder)
      const usage = parseUsage(execFileSync(program, args, { encoding: 'utf8' }))
      expect(usage.engines).toMatchObject([
        { name: '1.0.0-abc', jobs: 1, terminals: 1, connections: 0 },
        { name: '2.0.0-def', jobs: 0, terminals: 0, connections: 0 },
      ])
      expect(usage.engines[0]?.bytes).toBeGreaterThanOrEqual(300_000)
      expect(Math.abs((usage.engines[0]?.installedAt ?? 0) - Date.now())).toBeLessThan(3_600_000)
      expect(usage.runtimes).toMatchObject([{ name: 'node-24.21.0-linux-x64', programs: 0 }])
      expect(usage.totalBytes).toBeGreaterThanOrEqual(300_000)
      expect(usage.jobFolders).toBe(1)
    } finally {
      for (const one of programs) one.kill('SIGKILL')
      await Promise.all(programs.map((one) => once(one, 'exit')))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('does not take the recording of NPUs for a job of the user', () => {
  const engine = '/home/me/.ascend-workbench/engine/1.0.0-abc/engine.mjs'
  const jobs = '/home/me/.ascend-workbench/jobs'
  const text = [
    'engine 100 1700000000 1.0.0-abc',
    ...['supervise', 'task'].flatMap((role) => [`arg ${engine}`, `arg ${role}`, `arg ${jobs}/npu-recording`, 'arg --']),
    ...['supervise', 'task'].flatMap((role) => [`arg ${engine}`, `arg ${role}`, `arg ${jobs}/run-1`, 'arg --']),
  ].join('\n')
  expect(parseUsage(text).engines).toMatchObject([{ jobs: 1 }])
})

it('counts the programs of a Node that was brought', () => {
  const text = [
    'runtime 100 1700000000 node-24.21.0-linux-x64',
    'arg /home/me/.ascend-workbench/runtime/node-24.21.0-linux-x64/bin/node',
    'arg /home/me/.ascend-workbench/engine/1.0.0-abc/engine.mjs',
    'arg serve',
    'arg --',
    'arg /usr/bin/node',
    'arg server.js',
  ].join('\n')
  expect(parseUsage(text).runtimes).toEqual([
    { name: 'node-24.21.0-linux-x64', bytes: 102_400, installedAt: 1_700_000_000_000, programs: 1 },
  ])
})

it('knows nothing where there is no folder or no tool', () => {
  const nothing = { engines: [], runtimes: [], totalBytes: 0, jobFolders: 0 }
  expect(parseUsage('')).toEqual(nothing)
  expect(parseUsage('engine  1700000000 1.0.0-abc\nall \n')).toEqual(nothing)
})
