import { describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import { planDocker } from '../../../../../plugins/llama2/src/index.ts'
import { codesOf, planOf } from './families.ts'

const archive = '/up/docker.tgz'
const runtime = { runtime: true, runtimePackage: '/up/Ascend-docker-runtime_6.0.0_linux-x86_64.run' }

/** Each rule from both sides: values it speaks about, and values it is silent about. */
const rules: [code: string, speaks: FormValues, silent: FormValues][] = [
  ['note docker.internet @origin', {}, { origin: 'static', archive }],
  ['error docker.path @archive', { origin: 'static' }, { origin: 'static', archive }],
  ['error docker.path @packages', { origin: 'files', packages: 'a' }, { origin: 'files', packages: '~/a' }],
  ['note docker.runtime @runtimePackage', { runtime: true }, runtime],
  ['error docker.path @runtimePackage', { runtime: true, runtimePackage: 'a.run' }, runtime],
  ['error docker.architecture @runtimePackage', { runtime: true, runtimePackage: '/a_linux-aarch64.run' }, runtime],
  ['note docker.default @runtimeIsDefault', { ...runtime, runtimeIsDefault: true }, runtime],
  ['error docker.options @runtimeOptions', { ...runtime, runtimeOptions: '; reboot' }, { runtimeOptions: '; reboot' }],
  ['error docker.mirror @mirrors', { mirrors: ['mirror.example'] }, { mirrors: ['https://mirror.example/'] }],
  ['error docker.insecure @insecure', { insecure: ['a b'] }, { insecure: ['10.0.0.1:5000', '10.0.0.0/8'] }],
  ['warning docker.insecure.use @insecure', { insecure: ['10.0.0.1:5000'] }, {}],
  ['error docker.dataRoot @dataRoot', { dataRoot: 'data' }, { dataRoot: '/data' }],
  ['warning docker.dataRoot.old @dataRoot', { dataRoot: '/data' }, {}],
  ['warning docker.restart @restart', { restart: true }, {}],
  ['error docker.configFile @configFile', { configFile: 'daemon.json' }, {}],
  ['error docker.account @account', { account: '-x' }, { account: 'me' }],
  ['warning docker.group @account', { account: 'me' }, {}],
]

describe('findings of the docker panel', () => {
  it.each(rules)('%s', (code, speaks, silent) => {
    expect(codesOf(planOf('llama2', 'docker', speaks))).toContain(code)
    expect(codesOf(planOf('llama2', 'docker', silent))).not.toContain(code)
  })

  it('says that it takes root, unless the engine is root', () => {
    const as = (user: string) => codesOf(planOf('llama2', 'docker', {}, factsForTest({ user })))
    expect(as('me')).toContain('note docker.root @')
    expect(as('root')).not.toContain('note docker.root @')
  })

  it('looks at what was uploaded', () => {
    const look = (values: FormValues, paths: Record<string, { kind: 'folder' | 'file'; names: string[] } | null>) =>
      codesOf(planDocker(inputForTest(values, { paths })))
    expect(look({ origin: 'static', archive }, { archive: null })).toContain('error setup.missing @archive')
    expect(look({ origin: 'static', archive }, { archive: { kind: 'file', names: [] } })).not.toContain(
      'error setup.missing @archive',
    )
    const packages = (...names: string[]) =>
      look({ origin: 'files', packages: '/up' }, { packages: { kind: 'folder', names } })
    expect(packages('a.txt')).toContain('error docker.packages @packages')
    expect(packages('a.rpm')).not.toContain('error docker.packages @packages')
    expect(look(runtime, { runtimePackage: null })).toContain('error setup.missing @runtimePackage')
  })

  it('makes steps for what is asked for', () => {
    const steps = (values: FormValues) => planOf('llama2', 'docker', values).steps.map(({ id }) => id)
    expect(steps({})).toEqual(['check', 'install', 'start', 'verify'])
    expect(steps({ origin: 'none', ...runtime, account: 'me' })).toEqual([
      'check',
      'runtime',
      'start',
      'account',
      'verify',
    ])
    expect(steps({ account: '-x' })).toEqual([])
  })
})
