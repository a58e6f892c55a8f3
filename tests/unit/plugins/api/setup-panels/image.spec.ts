import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { codesOf, planOf, scriptOf } from './families.ts'

const dockerfile = '/a/Dockerfile'
/** Each rule from both sides: values it speaks about, and values it is silent about. */
const rules: [code: string, speaks: FormValues, silent: FormValues][] = [
  ['error image.name @image', { image: '-x' }, { image: 'a/b:1' }],
  ['error image.name @mirror', { mirror: 'a b' }, { action: 'load', mirror: 'a b' }],
  ['error image.name @base', { action: 'build', base: '$x' }, { base: '$x' }],
  ['note image.internet @action', { action: 'pull' }, { action: 'load' }],
  ['error image.path @archive', { action: 'load', archive: 'a.tar' }, { action: 'load', archive: '~/a.tar' }],
  ['error image.path @dockerfile', { action: 'build', dockerfile: 'a' }, { action: 'build', dockerfile }],
  ['error form.required @dockerfile', { action: 'build' }, { action: 'build', dockerfile }],
  ['error form.required @archive', { action: 'load' }, { action: 'load', archive: '/a.tar' }],
  ['error image.path @context', { action: 'build', context: 'a' }, { action: 'build', context: '' }],
  ['error image.buildArg @buildArgs', { action: 'build', buildArgs: ['x'] }, { action: 'build', buildArgs: ['x='] }],
]

describe('findings of the image panel', () => {
  it.each(rules)('%s', (code, speaks, silent) => {
    expect(codesOf(planOf('llama2', 'image', speaks))).toContain(code)
    expect(codesOf(planOf('llama2', 'image', silent))).not.toContain(code)
  })
})

/** A docker that notes its words; `$FAKE/image` is the name and the processor of the only image, once there is one. */
const fakeDocker = `#!/bin/bash
printf '%s|' "$@" >> "$FAKE/calls"; echo >> "$FAKE/calls"
case "$1" in
  load) echo 'Loaded image: awb:1'; echo 'awb:1 arm64' > "$FAKE/image" ;;
  pull) echo "$2 arm64" > "$FAKE/image" ;;
  tag) echo "$3 arm64" > "$FAKE/image" ;;
  image) read -r name architecture < "$FAKE/image"; [ "$name" = "\${!#}" ] || exit 1; echo "$architecture" ;;
esac
`
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-image-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'docker'), fakeDocker)
  writeFileSync(join(folder, 'bin', 'uname'), '#!/bin/bash\necho aarch64\n')
  for (const name of ['docker', 'uname']) chmodSync(join(folder, 'bin', name), 0o755)
  writeFileSync(join(folder, `it's $(touch evil).tar`), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

function get(values: FormValues) {
  const ran = spawnSync('bash', ['-s'], {
    input: scriptOf(planOf('llama2', 'image', values), 'get'),
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, FAKE: folder },
  })
  return { ...ran, calls: readFileSync(join(folder, 'calls'), 'utf8').split('\n') }
}

describe('getting an image', () => {
  it('pulls from a mirror and gives the image its own name', () => {
    const { status, calls } = get({ image: 'awb:1', mirror: 'mirror.example/awb:1' })
    expect(status).toBe(0)
    expect(calls).toContain('pull|mirror.example/awb:1|')
    expect(calls).toContain('tag|mirror.example/awb:1|awb:1|')
  })

  it('loads an archive, and fails where it holds another image', () => {
    const archive = join(folder, `it's $(touch evil).tar`)
    const { status, calls } = get({ action: 'load', image: 'awb:1', archive })
    expect(status).toBe(0)
    expect(calls).toContain(`load|--input|${archive}|`)
    const other = get({ action: 'load', image: 'awb:2', archive })
    expect(other.status).toBe(1)
    expect(other.stderr).toContain('does not hold awb:2. Loaded image: awb:1')
  })

  it('fails where the image is for another processor', () => {
    writeFileSync(join(folder, 'bin', 'uname'), '#!/bin/bash\necho x86_64\n')
    const { status, stderr } = get({ image: 'awb:1' })
    expect(status).toBe(1)
    expect(stderr).toContain('is for arm64, this host is amd64')
  })
})
