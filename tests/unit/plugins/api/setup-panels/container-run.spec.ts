import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import { planContainer } from '../../../../../plugins/llama2/src/index.ts'
import { scriptOf } from './families.ts'

/**
 * A docker that writes down what it is asked, one file of NUL-ended words per call. `$FAKE/containers/NAME` says whether
 * that container runs, `$FAKE/images/NAME` is the architecture of an image.
 */
const fakeDocker = `#!/bin/bash
number=$(find "$FAKE/calls" -type f | wc -l)
printf '%s\\0' "$@" > "$FAKE/calls/$number"
last="\${!#}"
case "$1 \${2:-}" in
  'info --format') echo 'runc ascend ' ;;
  'info '*) exit "\${INFO_STATUS:-0}" ;;
  'ps --quiet') ls "$FAKE/containers" ;;
  'image inspect') cat "$FAKE/images/$last" ;;
  'container inspect')
    [ -e "$FAKE/containers/$last" ] || exit 1
    case "\${4:-}" in *Running*) cat "$FAKE/containers/$last" ;; *.Name*) echo "/$last" ;; *) echo ' ' ;; esac ;;
  'run '*)
    [ "\${RUN_STATUS:-0}" = 0 ] || exit "$RUN_STATUS"
    while [ "$1" != --name ]; do shift; done
    echo true > "$FAKE/containers/$2" ;;
  'stop '*) echo false > "$FAKE/containers/$2" ;;
  'start '*) echo true > "$FAKE/containers/$2" ;;
  'rename '*) mv "$FAKE/containers/$2" "$FAKE/containers/$3" ;;
  'rm --force') rm -f "$FAKE/containers/$3" ;;
  'exec '*) if [ "$3" = npu-smi ]; then echo "$NPU_SMI"; else printf '%s\\n' "$CHECK"; fi ;;
esac
`
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-container-'))
  for (const name of ['bin', 'calls', 'containers', 'images', `it's "a", $(touch evil)`]) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'bin', 'docker'), fakeDocker)
  writeFileSync(join(folder, 'bin', 'uname'), '#!/bin/bash\necho aarch64\n')
  writeFileSync(join(folder, 'bin', 'sudo'), '#!/bin/bash\nexit 1\n')
  for (const name of ['docker', 'uname', 'sudo']) chmodSync(join(folder, 'bin', name), 0o755)
  writeFileSync(join(folder, 'images', 'awb-image:1'), 'arm64')
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(step: string, values: FormValues = {}, env: Record<string, string> = {}) {
  const facts = factsForTest()
  const dirs = { ...facts.dirs, workspace: join(folder, 'work space') }
  const plan = planContainer(
    inputForTest({ image: 'awb-image:1', name: 'box', npus: 'none', ...values }, { facts: { ...facts, dirs } }),
  )
  expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
  return spawnSync('bash', ['-s'], {
    input: scriptOf(plan, step),
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, FAKE: folder, NPU_SMI: 'OK', CHECK: '', ...env },
  })
}

const argvOf = (verb: string): string[] | undefined => {
  for (let number = 0; existsSync(join(folder, 'calls', String(number))); number++) {
    const words = readFileSync(join(folder, 'calls', String(number)), 'utf8')
      .split('\0')
      .slice(0, -1)
    if (words[0] === verb) return words
  }
  return undefined
}
const stateOf = (name: string): string | null =>
  existsSync(join(folder, 'containers', name)) ? readFileSync(join(folder, 'containers', name), 'utf8').trim() : null

describe('the check before a container', () => {
  it('ends well where all is there', () => {
    expect(run('check')).toMatchObject({ status: 0, stdout: 'Everything for the container box is there.\n' })
  })

  it('names device nodes and folders that are missing', () => {
    const { status, stderr } = run('check', { npus: 'list', npuList: '900', mounts: ['/no such/folder'] })
    expect(status).toBe(1)
    expect(stderr).toContain('/dev/davinci900 ')
    expect(stderr).toContain('/no such/folder')
  })

  it('ends where the image is missing or for another processor', () => {
    expect(run('check', { image: 'other:1' })).toMatchObject({
      status: 1,
      stderr: 'The image other:1 is not on this host.\n',
    })
    writeFileSync(join(folder, 'images', 'awb-image:1'), 'amd64')
    const { status, stderr } = run('check')
    expect(status).toBe(1)
    expect(stderr).toBe('The image awb-image:1 is for amd64, this host is arm64.\n')
  })

  it('ends where the name is taken, unless that one is to be replaced', () => {
    writeFileSync(join(folder, 'containers', 'box'), 'true')
    expect(run('check').status).toBe(1)
    expect(run('check', { replace: true }).status).toBe(0)
  })

  it('says so where docker does not answer', () => {
    const { status, stderr } = run('check', {}, { INFO_STATUS: '1' })
    expect(status).toBe(1)
    expect(stderr).toContain('docker does not answer')
  })
})

describe('the start of a container', () => {
  it('hands every word to docker as it is', () => {
    const strange = join(folder, `it's "a", $(touch evil)`)
    const { status } = run('create', {
      npus: 'list',
      npuList: '2',
      mounts: [`${strange}:/mnt/a b:ro`],
      systemMounts: ['/usr', '/no/driver'],
      environment: [`A=$(touch evil) 'x'`],
      command: `echo "$HOME" 'and more'`,
      user: '',
    })
    expect(status).toBe(0)
    const source = `"source=${strange.replaceAll('"', '""')}"`
    const workspace = join(folder, 'work space')
    expect(argvOf('run')).toEqual([
      'run',
      ...['--interactive', '--tty', '--detach', '--name', 'box'],
      ...[
        '--device=/dev/davinci2',
        '--device=/dev/davinci_manager',
        '--device=/dev/devmm_svm',
        '--device=/dev/hisi_hdc',
      ],
      ...['--ipc=host', '--network=host', '--env', `A=$(touch evil) 'x'`],
      ...['--mount', `type=bind,${source},target=/mnt/a b,readonly`],
      ...['--mount', `type=bind,source=${workspace},target=${workspace}`],
      ...['--mount', 'type=bind,source=/usr,target=/usr'],
      ...['awb-image:1', '/bin/bash', '-c', `echo "$HOME" 'and more'`],
    ])
    expect(existsSync(join(folder, 'evil'))).toBe(false)
    expect(existsSync(workspace)).toBe(true)
  })

  it('does not touch a container that has the name', () => {
    writeFileSync(join(folder, 'containers', 'box'), 'true')
    expect(run('create').status).toBe(1)
    expect(argvOf('run')).toBeUndefined()
    expect(stateOf('box')).toBe('true')
  })

  it('replaces a container once the new one runs', () => {
    writeFileSync(join(folder, 'containers', 'box'), 'true')
    expect(run('create', { replace: true }).status).toBe(0)
    expect(argvOf('rm')?.[2]).toMatch(/^box-before-\d+$/)
    expect(stateOf('box')).toBe('true')
  })

  it('brings the old container back where the new one does not start', () => {
    writeFileSync(join(folder, 'containers', 'box'), 'true')
    const { status, stderr } = run('create', { replace: true }, { RUN_STATUS: '125' })
    expect(status).toBe(1)
    expect(stderr).toContain('The old box is back')
    expect(argvOf('start')).toEqual(['start', 'box'])
    expect(stateOf('box')).toBe('true')
  })
})

describe('the look at a container', () => {
  it('ends badly where it does not run', () => {
    writeFileSync(join(folder, 'containers', 'box'), 'true')
    expect(run('show').status).toBe(0)
    writeFileSync(join(folder, 'containers', 'box'), 'false')
    expect(run('show').status).toBe(1)
  })
})

describe('the verification inside', () => {
  const inside = { npus: 'list', npuList: '0', cannEnv: '/a b/set_env.sh', pythonPath: '/c d' }

  it('asks npu-smi and the framework, with the environment of CANN', () => {
    const { status, stdout } = run('verify', inside, { CHECK: 'torch_npu 2.1.0 computes on 1 NPUs' })
    expect(status).toBe(0)
    expect(stdout).toBe('OK\n== torch_npu\ntorch_npu 2.1.0 computes on 1 NPUs\n')
  })

  it('takes no exit status 0 for success', () => {
    expect(run('verify', inside, { NPU_SMI: 'dcmi module initialize failed. ret is -8005' }).status).toBe(1)
    const { status, stderr } = run('verify', inside, { CHECK: 'it did not work' })
    expect(status).toBe(1)
    expect(stderr).toContain('did not say: computes on')
  })
})
