import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseProbe } from '#main/deploy/probe.ts'
import { PROBE, remoteScript } from '#main/deploy/remote-scripts.ts'

it('reads what a real shell answers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'awb-probe-'))
  try {
    mkdirSync(join(folder, 'engine', '1.0.0-abc'), { recursive: true })
    writeFileSync(join(folder, 'engine', '1.0.0-abc', 'sha256'), 'f00d\n')
    mkdirSync(join(folder, 'engine', 'half'))
    writeFileSync(join(folder, 'engine', 'pinned'), '1.0.0-abc\n')
    const [program = '', ...args] = remoteScript(PROBE, folder)
    const probe = parseProbe(execFileSync(program, args, { encoding: 'utf8' }))
    expect(probe).toMatchObject({
      dir: folder,
      os: 'Linux',
      engines: [{ name: '1.0.0-abc', sha256: 'f00d' }],
      pinned: '1.0.0-abc',
    })
    expect(probe.arch).toMatch(/^(x86_64|aarch64)$/)
    expect(probe.glibc).toMatch(/^\d+\.\d+$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('finds the home folder, and nothing that is not there', () => {
  const [program = '', ...args] = remoteScript(PROBE, '~/.no-such-folder here')
  const probe = parseProbe(execFileSync(program, args, { encoding: 'utf8' }))
  expect(probe).toMatchObject({ dir: `${homedir()}/.no-such-folder here`, engines: [], pinned: null })
})

it.each([
  ['glibc 2.28', '2.28'],
  ['ldd (GNU libc) 2.17', '2.17'],
  ['ldd (Ubuntu GLIBC 2.35-0ubuntu3.1) 2.35', '2.35'],
  ['musl libc (x86_64)', null],
  ['', null],
])('knows the C library of "%s"', (printed, glibc) => {
  expect(parseProbe(`libc ${printed}\n`).glibc).toBe(glibc)
})
