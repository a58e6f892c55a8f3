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
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { planOf, scriptOf } from './families.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-docker-'))
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'units'))
  program('sudo', 'shift; [ "$1" != -- ] || shift; exec "$@"')
  for (const name of ['apt-get', 'usermod', 'groupadd', 'service', 'iptables']) program(name, note(name))
  program('systemctl', `[ "$1" = list-units ] || { ${note('systemctl')}; }`)
})
afterEach(() => rmSync(folder, { recursive: true }))

const note = (name: string) => `echo "${name} $*" >> "$FAKE/calls"`
function program(name: string, body: string, inside = 'bin'): void {
  writeFileSync(join(folder, inside, name), `#!/bin/bash\n${body}\n`)
  chmodSync(join(folder, inside, name), 0o755)
}
const dockerThere = (containers = '') =>
  program(
    'docker',
    `case "$1" in
  --version) echo 'Docker version 27.3.1' ;;
  ps) printf '${containers}' ;;
  info) case "$*" in *Runtimes*) echo 'io.containerd.runc.v2 ascend runc ' ;; *DockerRootDir*) echo /data/docker ;; esac ;;
esac`,
  )

function run(step: string, values: FormValues = {}, env: Record<string, string> = {}) {
  const plan = planOf('llama2', 'docker', { configFile: config(), ...values })
  expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
  return spawnSync('bash', ['-s'], {
    input: scriptOf(plan, step),
    encoding: 'utf8',
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      FAKE: folder,
      PROGRAM_FOLDER: join(folder, 'bin'),
      UNIT_FOLDER: join(folder, 'units'),
      ASCEND_RUNTIME: join(folder, 'ascend', 'ascend-docker-runtime'),
      ...env,
    },
  })
}
const config = (): string => join(folder, 'etc', 'docker', 'daemon.json')
const settings = (): unknown => JSON.parse(readFileSync(config(), 'utf8'))
function writeSettings(text: string): void {
  mkdirSync(join(config(), '..'), { recursive: true })
  writeFileSync(config(), text)
}
const backups = (): string[] => readdirSync(join(config(), '..')).filter((name) => name.includes('.before-'))
const calls = (): string[] =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []

/** An archive as docker publishes them; its dockerd starts or does not. */
function makeArchive(body = 'echo started'): string {
  mkdirSync(join(folder, 'docker'))
  program('dockerd', body, 'docker')
  program('docker', 'echo "Docker version 27.3.1"', 'docker')
  const path = join(folder, `docker it's.tgz`)
  execFileSync('tar', ['-czf', path, '-C', folder, 'docker'])
  return path
}

/** A package of the runtime that makes itself the default, as the real one does. */
function makeRuntime(says = '[INFO] Ascend Docker Runtime install success'): string {
  program(
    'runtime.run',
    `[ "$1" != --check ] || { echo 'Verifying archive integrity... All good.'; exit 0; }
echo "runtime $*" >> "$FAKE/calls"
mkdir -p "$FAKE/ascend" "$FAKE/etc/docker"; cp "$0" "$FAKE/ascend/ascend-docker-runtime"
echo '{"default-runtime": "ascend", "live-restore": true}' > "$FAKE/etc/docker/daemon.json"
echo '${says}'`,
    '.',
  )
  return join(folder, 'runtime.run')
}

describe('the check of docker', () => {
  it('tells what is there, and takes podman for no docker', () => {
    dockerThere()
    expect(run('check')).toMatchObject({ status: 0 })
    expect(run('check').stdout).toContain('docker: Docker version 27.3.1')
    program('docker', 'echo podman version 4.3.1')
    expect(run('check').stderr).toContain('The command docker is podman here')
  })

  it('refuses a damaged archive, one without docker, and settings that are no JSON', () => {
    program('docker', 'exit 1')
    const path = makeArchive()
    const values = { origin: 'static', archive: path }
    expect(run('check', values)).toMatchObject({ status: 0 })
    writeFileSync(path, 'no archive')
    expect(run('check', values).stderr).toContain('is damaged, or no .tgz')
    execFileSync('tar', ['-czf', path, '-C', folder, 'bin'])
    expect(run('check', values).stderr).toContain('does not hold docker/dockerd')
    expect(run('check', { origin: 'none' }).stderr).toContain('docker is not installed')
    dockerThere()
    writeSettings('{ "a": ')
    expect(run('check').stderr).toContain('is not JSON. Correct it first.')
  })

  it('refuses a runtime that is not there, and a package that is not whole', () => {
    dockerThere()
    expect(run('check', { runtime: true }).stderr).toContain('The Ascend Docker Runtime is not installed')
    const runtimePackage = makeRuntime()
    expect(run('check', { runtime: true, runtimePackage }).status).toBe(0)
    program('runtime.run', 'echo bad', '.')
    expect(run('check', { runtime: true, runtimePackage }).stderr).toContain('did not say that all is good')
  })
})

describe('the installation of docker', () => {
  it('takes the package of Debian, and nothing where docker is there', () => {
    program('docker', '[ -e "$FAKE/calls" ] && echo "Docker version 20"')
    expect(run('install').status).toBe(0)
    expect(calls()).toEqual(['apt-get update', 'apt-get install -y docker.io'])
    dockerThere()
    rmSync(join(folder, 'calls'))
    expect(run('install').stdout).toContain('It is there: Docker version 27.3.1')
    expect(calls()).toEqual([])
  })

  it('fails as its package manager does', () => {
    program('docker', 'exit 1')
    program('apt-get', 'exit 100')
    expect(run('install').status).toBe(100)
  })

  it('unpacks static programs and makes a service of them', () => {
    program('docker', 'exit 1')
    const { status, stderr } = run('install', { origin: 'static', archive: makeArchive() })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(existsSync(join(folder, 'bin', 'dockerd'))).toBe(true)
    expect(readdirSync(join(folder, 'bin')).filter((name) => name.startsWith('.new'))).toEqual([])
    expect(readFileSync(join(folder, 'units', 'docker.service'), 'utf8')).toContain(`ExecStart=${folder}/bin/dockerd`)
  })

  it('installs no programs of another processor', () => {
    program('docker', 'exit 1')
    const { status, stderr } = run('install', { origin: 'static', archive: makeArchive('exit 126') })
    expect(status).toBe(1)
    expect(stderr).toContain('do not run here')
    expect(existsSync(join(folder, 'bin', 'dockerd'))).toBe(false)
  })
})

describe('the Ascend Docker Runtime', () => {
  it('is installed by its package, and the default of docker stays what it was', () => {
    writeSettings('{"default-runtime": "runc"}')
    const runtime = { runtime: true, runtimePackage: makeRuntime(), runtimeOptions: '--install-type=A200' }
    expect(run('runtime', runtime)).toMatchObject({ status: 0 })
    expect(calls()).toContain('runtime --install --install-type=A200')
    expect(settings()).toEqual({ 'default-runtime': 'runc', 'live-restore': true })
    expect(backups()).toHaveLength(1)
    rmSync(config())
    expect(run('runtime', runtime).status).toBe(0)
    expect(settings()).toEqual({ 'live-restore': true })
    expect(run('runtime', { ...runtime, runtimeIsDefault: true }).status).toBe(0)
    expect(settings()).toMatchObject({ 'default-runtime': 'ascend' })
  })

  it('is not taken for installed without the words of success', () => {
    const { status, stderr } = run('runtime', { runtime: true, runtimePackage: makeRuntime('[ERROR] no docker') })
    expect(status).toBe(1)
    expect(stderr).toContain('The runtime was not installed')
  })
})

describe('settings and start', () => {
  const wanted = { mirrors: ['https://a.example', 'https://b.example'], dataRoot: '/data/docker' }

  it('are merged, not replaced, and the file before is kept', () => {
    dockerThere()
    writeSettings('{"registry-mirrors": ["https://a.example"], "log-opts": {"max-size": "1m"}, "名": "值"}')
    const { status, stdout } = run('start', wanted)
    expect(status).toBe(0)
    expect(settings()).toEqual({
      'registry-mirrors': ['https://a.example', 'https://b.example'],
      'log-opts': { 'max-size': '1m' },
      名: '值',
      'data-root': '/data/docker',
    })
    expect(stdout).toContain('data-root: null -> "/data/docker"')
    expect(backups()).toHaveLength(1)
    expect(calls()).toEqual(['systemctl daemon-reload', 'systemctl enable docker', 'systemctl restart docker'])
    rmSync(join(folder, 'calls'))
    expect(run('start', wanted).stdout).toContain('The settings are as they should be.')
    expect(calls()).toContain('systemctl start docker')
    expect(backups()).toHaveLength(1)
  })

  it('make the file where there is none, with the runtime', () => {
    dockerThere()
    mkdirSync(join(folder, 'ascend'))
    program('ascend-docker-runtime', '', 'ascend')
    expect(run('start', { runtime: true, runtimeIsDefault: true })).toMatchObject({ status: 0 })
    expect(settings()).toEqual({
      'default-runtime': 'ascend',
      runtimes: { ascend: { path: join(folder, 'ascend', 'ascend-docker-runtime'), runtimeArgs: [] } },
    })
  })

  it('stop before a change that would end running containers, unless that is allowed', () => {
    dockerThere('one\\ntwo\\n')
    const { status, stderr } = run('start', wanted)
    expect(status).toBe(1)
    expect(stderr).toContain('and 2 containers run')
    expect(existsSync(config())).toBe(false)
    expect(calls()).toEqual([])
    expect(run('start', { ...wanted, restart: true }).status).toBe(0)
    expect(existsSync(config())).toBe(true)
    expect(run('start').status).toBe(0)
  })

  it('leave a file alone that docker itself refuses', () => {
    dockerThere()
    program('dockerd', '[ "$1" != --help ] || { echo --validate; exit; }; echo "unknown setting"; exit 1')
    writeSettings('{"old": true}')
    const { status, stderr } = run('start', wanted)
    expect(status).toBe(1)
    expect(stderr).toContain('docker refuses the settings: unknown setting')
    expect(settings()).toEqual({ old: true })
    expect(readdirSync(join(config(), '..'))).toEqual(['daemon.json'])
  })
})

describe('the rest', () => {
  it('lets a user of the host use docker', () => {
    expect(run('account', { account: 'root' }).status).toBe(0)
    expect(calls()).toContain('usermod --append --groups docker root')
    expect(run('account', { account: 'nobody-of-this-name' }).status).toBe(1)
  })

  it('asks docker whether all is as it was asked for', () => {
    dockerThere()
    expect(run('verify', { runtime: true, dataRoot: '/data/docker' }).status).toBe(0)
    expect(run('verify', { dataRoot: '/elsewhere' }).stderr).toContain('docker uses /data/docker, not /elsewhere.')
    program('docker', 'echo runc')
    expect(run('verify', { runtime: true }).stderr).toContain('docker does not know the runtime ascend')
  })
})
