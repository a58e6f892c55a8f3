import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { planOf, scriptOf } from './families.ts'

/** Repositories as those of the guide: a branch, a commit, a tag. */
let upstream = ''
let commit = ''
beforeAll(() => {
  upstream = mkdtempSync(join(tmpdir(), 'awb-upstream-'))
  for (const name of ['Megatron-LM', 'MindSpeed', 'ModelLink']) {
    const folder = join(upstream, name)
    mkdirSync(join(folder, 'megatron'), { recursive: true })
    writeFileSync(join(folder, 'megatron', 'core.py'), `'${name}'\n`)
    writeFileSync(join(folder, 'requirements.txt'), 'numpy\n')
    git(folder, 'init', '-q', '-b', 'main')
    git(folder, 'add', '.')
    save(folder, 'first')
    if (name === 'MindSpeed') commit = git(folder, 'rev-parse', '--short', 'HEAD')
    if (name === 'ModelLink') rmSync(join(folder, 'megatron'), { recursive: true })
    git(folder, 'branch', 'core_r0.6.0')
    git(folder, 'tag', 'v1.1')
    writeFileSync(join(folder, 'later'), '')
    git(folder, 'add', '-A')
    save(folder, 'second')
    if (name === 'ModelLink') git(folder, 'tag', '-f', 'v1.1')
  }
})
afterAll(() => rmSync(upstream, { recursive: true }))

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim()
}
const save = (folder: string, message: string) =>
  git(folder, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '-m', message)

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'awb-sources-')), `it's "a" $(touch evil)`)
  mkdirSync(join(folder, 'bin'), { recursive: true })
  program('conda', fakeConda)
  program('docker', 'printf "%s|" "$@" >> "$FAKE/docker"; [ "$1" != exec ] || exec bash -c "${!#}"')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

/** Knows the one environment `test` once it was made; its Python notes what it is to run. */
const fakeConda = `
case "$1" in
  create) printf '%s|' "$@" > "$FAKE/conda"; mkdir -p "$FAKE/envs/test"; cp "$FAKE/bin/python3" "$FAKE/envs/test/python" ;;
  run) [ -x "$FAKE/envs/test/python" ] && echo "$FAKE/envs/test/python" ;;
esac`
const fakePython = `
case "$*" in
  *version_info*) echo 3.8 ;;
  *import_module*) [ -z "\${BROKEN:-}" ] || exit 1; echo "imported $(echo "$2" | sed "s/.*import_module('\\([^']*\\)').*/\\1/")" ;;
  *'torch, torch_npu'*) echo "torch_npu computes on \${NPUS:-8} NPUs"; exit "\${STATUS:-0}" ;;
  *) printf '%s|' "$@" >> "$FAKE/python"; echo >> "$FAKE/python" ;;
esac`
beforeEach(() => program('python3', fakePython))

function program(name: string, body: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${body}\n`)
  chmodSync(join(folder, 'bin', name), 0o755)
}

const sources = (revision = '1.1'): string[] => [
  `Megatron-LM ${join(upstream, 'Megatron-LM')} core_r0.6.0`,
  `MindSpeed ${join(upstream, 'MindSpeed')} ${commit}`,
  `ModelLink ${join(upstream, 'ModelLink')} ${revision}`,
]
const at = (...parts: string[]): string => join(folder, 'sources', ...parts)

function run(step: string, values: FormValues = {}, env: Record<string, string> = {}) {
  const plan = planOf('mistral', 'sources', {
    folder: at(),
    modellinkSources: sources(),
    environment: 'test',
    cannEnv: join(folder, 'set_env.sh'),
    nnalEnv: '',
    ...values,
  })
  expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
  return spawnSync('bash', ['-s'], {
    input: scriptOf(plan, step),
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder, FAKE: folder, ...env },
  })
}
const noted = (name: string): string[] =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : []

describe('fetching repositories', () => {
  it('brings each to its branch, commit or tag, and leaves what is there alone', () => {
    expect(run('check')).toMatchObject({ status: 0 })
    expect(run('fetch')).toMatchObject({ status: 0 })
    expect(git(at('MindSpeed'), 'rev-parse', '--short', 'HEAD')).toBe(commit)
    expect(git(at('ModelLink'), 'describe', '--tags')).toBe('v1.1')
    expect(existsSync(at('Megatron-LM', 'later'))).toBe(false)
    expect(run('arrange').status).toBe(0)
    expect(readFileSync(at('ModelLink', 'megatron', 'core.py'), 'utf8')).toBe("'Megatron-LM'\n")
    expect(readdirSync(at('ModelLink'))).toEqual(expect.arrayContaining(['ckpt', 'dataset', 'logs', 'model_from_hf']))
    const again = run('fetch')
    expect(again.stdout).toBe(
      `Megatron-LM core_r0.6.0 is there.\nMindSpeed ${commit} is there.\nModelLink 1.1 is there.\n`,
    )
    expect(run('arrange').stdout).toContain('is there.')
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })

  it('finds another version before anything changes, and names all of them', () => {
    run('fetch', { modellinkSources: sources('main') })
    git(at('MindSpeed'), 'checkout', '-q', 'origin/main')
    rmSync(at('Megatron-LM'), { recursive: true })
    mkdirSync(at('Megatron-LM'))
    git(at('ModelLink'), 'checkout', '-q', 'origin/core_r0.6.0')
    const { status, stderr } = run('check')
    expect(status).toBe(1)
    expect(stderr).toMatch(/ModelLink is there in another version \(.+\), 1.1 is wanted/)
    expect(stderr).toContain('Megatron-LM is there in another version (of unknown version)')
    expect(stderr).toContain('Nothing was changed. Problems: 3')
    expect(run('fetch').status).toBe(1)
  })

  it('switches a clone, or puts it aside', () => {
    run('fetch')
    git(at('ModelLink'), 'checkout', '-q', 'origin/core_r0.6.0')
    expect(run('check', { existing: 'switch' }).status).toBe(0)
    expect(run('fetch', { existing: 'switch' }).stdout).toContain('ModelLink was switched to 1.1')
    expect(git(at('ModelLink'), 'describe', '--tags')).toBe('v1.1')
    git(at('ModelLink'), 'checkout', '-q', 'origin/core_r0.6.0')
    expect(run('fetch', { existing: 'aside' }).status).toBe(0)
    expect(readdirSync(at()).filter((name) => name.startsWith('ModelLink.before-'))).toHaveLength(1)
    expect(git(at('ModelLink'), 'describe', '--tags')).toBe('v1.1')
  })

  it('keeps own changes that a switch would lose', () => {
    run('fetch')
    git(at('ModelLink'), 'checkout', '-q', 'origin/core_r0.6.0')
    writeFileSync(at('ModelLink', 'later'), 'mine')
    expect(run('fetch', { existing: 'switch' }).status).not.toBe(0)
    expect(readFileSync(at('ModelLink', 'later'), 'utf8')).toBe('mine')
  })

  it('leaves nothing where a revision or a repository is not there', () => {
    const { status, stderr } = run('fetch', { modellinkSources: sources('2.0') })
    expect(status).toBe(1)
    expect(stderr).toContain('ModelLink has no tag, branch or commit 2.0.')
    expect(existsSync(at('ModelLink'))).toBe(false)
    expect(run('fetch', { modellinkSources: [...sources(), 'Other /nowhere/at.git 1'] }).status).not.toBe(0)
    expect(existsSync(at('Other'))).toBe(false)
  })

  it('works from bundles and archives without a network', () => {
    const bundles = join(folder, 'up loaded')
    mkdirSync(bundles)
    const offline = { origin: 'offline', bundles, modellinkSources: guideLines() }
    expect(run('check', offline)).toMatchObject({ status: 1 })
    for (const name of ['Megatron-LM', 'MindSpeed']) {
      git(join(upstream, name), 'bundle', 'create', '-q', join(bundles, `${name}.bundle`), '--all')
    }
    const archive = join(bundles, 'ModelLink.tar.gz')
    git(join(upstream, 'ModelLink'), 'archive', '--prefix=ModelLink-1.1/', '-o', archive, 'v1.1')
    expect(run('check', offline)).toMatchObject({ status: 0 })
    expect(run('fetch', offline)).toMatchObject({ status: 0 })
    expect(git(at('MindSpeed'), 'rev-parse', '--short', 'HEAD')).toBe(commit)
    expect(git(at('MindSpeed'), 'remote', 'get-url', 'origin')).toBe('https://gitee.com/ascend/MindSpeed.git')
    expect(existsSync(at('ModelLink', 'later'))).toBe(true)
    expect(run('fetch', offline).stdout).toContain('ModelLink 1.1 is there.')
  })

  const guideLines = () => [
    'Megatron-LM https://github.com/NVIDIA/Megatron-LM.git core_r0.6.0',
    `MindSpeed https://gitee.com/ascend/MindSpeed.git ${commit}`,
    'ModelLink https://gitee.com/ascend/ModelLink.git 1.1',
  ]
})

describe('the Python environment', () => {
  it('is made once, and gets packages, wheels and the lists of the repositories in order', () => {
    expect(run('check').stdout).toContain('Python: to be made, 3.8')
    expect(run('python').status).toBe(0)
    expect(noted('conda')).toEqual(['create|--yes|--name|test|python=3.8|'])
    expect(run('python').stdout).toContain('It is there')
    writeFileSync(join(folder, 'set_env.sh'), 'echo "$UNSET_VARIABLE"; false; echo read\n')
    mkdirSync(join(folder, 'my wheels'))
    writeFileSync(join(folder, 'my wheels', 'apex-0.1-cp38.whl'), '')
    const wheels = join(folder, 'my wheels')
    const { status, stdout } = run('packages', {
      wheels,
      pipIndex: 'http://mirror.example:80/simple',
      modellinkPackages: ['torch==2.2.0', '-attrs', '-psutil', 'rich'],
    })
    expect(status).toBe(0)
    expect(stdout).toContain('read')
    const pip = '-m|pip|install|--disable-pip-version-check|--no-input|--index-url|http://mirror.example:80/simple|'
    const options = `${pip}--trusted-host|mirror.example|--find-links|${wheels}|`
    expect(noted('python').filter((line) => line.includes('install'))).toEqual([
      `${options}torch==2.2.0|torch_npu==2.1.0.*|decorator|scipy|sympy|rich|`,
      `${options}--no-index|--no-deps|apex|`,
      `${options}-r|${at('MindSpeed/requirements.txt')}|`,
      `${options}-e|${at('MindSpeed')}|`,
      `${options}-r|${at('ModelLink/requirements.txt')}|`,
    ])
  })

  it('is refused before anything changes where it has another Python', () => {
    run('python')
    const { status, stderr } = run('check', { pythonVersion: '3.10' })
    expect(status).toBe(1)
    expect(stderr).toContain('there with another Python: 3.8, 3.10 is wanted')
  })

  it('asks no network where all was uploaded', () => {
    const bundles = join(folder, 'up')
    mkdirSync(join(bundles, 'wheels'), { recursive: true })
    run('python')
    expect(run('packages', { origin: 'offline', bundles }).status).toBe(0)
    const calls = noted('python').filter((line) => line.includes('install'))
    expect(calls.length).toBeGreaterThan(0)
    for (const call of calls)
      expect(call).toContain(`--no-index|--find-links|${bundles}|--find-links|${bundles}/wheels|`)
  })

  it('can be read by a shell afterwards', () => {
    mkdirSync(at(), { recursive: true })
    writeFileSync(join(folder, 'set_env.sh'), 'export FROM_CANN=yes\n')
    expect(run('env-file', { python: 'existing' }).status).toBe(0)
    const script = 'source "$1"; echo "$FROM_CANN $PYTHONPATH"'
    const read = spawnSync('bash', ['-c', script, 'bash', at('env.sh')], {
      encoding: 'utf8',
      env: { PYTHONPATH: '/own' },
    })
    expect(read.stdout).toBe(`yes ${at('ModelLink')}:/own\n`)
  })
})

describe('the verification', () => {
  const existing = { python: 'existing', interpreter: 'python3' }

  it('imports the modules and lets the NPUs compute', () => {
    const { status, stdout } = run('verify', existing)
    expect(stdout).toContain('imported modellink')
    expect(stdout).toContain('torch_npu computes on 8 NPUs')
    expect(status).toBe(0)
  })

  it('names all that failed, and takes neither words nor status alone for success', () => {
    const broken = run('verify', existing, { BROKEN: 'yes', STATUS: '3' })
    expect(broken.status).toBe(1)
    expect(broken.stderr).toContain('import modellink (did not say: imported modellink)')
    expect(broken.stderr).toContain('torch_npu (status 3)')
  })

  it('runs inside a container where that is asked for, with its exit status', () => {
    expect(run('verify', { ...existing, container: 'box' }).status).toBe(0)
    expect(noted('docker').join('\n')).toContain('exec|--interactive|box|/bin/bash|-c|')
    expect(run('verify', { ...existing, container: 'box' }, { BROKEN: 'yes' }).status).toBe(1)
  })
})
