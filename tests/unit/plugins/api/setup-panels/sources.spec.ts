import { describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import { planSources } from '../../../../../plugins/mistral/src/index.ts'
import { codesOf, eight, planOf, setupPanels } from './families.ts'

const guide = [
  'Megatron-LM https://github.com/NVIDIA/Megatron-LM.git core_r0.6.0',
  'MindSpeed https://gitee.com/ascend/MindSpeed.git 2b0edd2',
  'ModelLink https://gitee.com/ascend/ModelLink.git 1.1',
]
const offline = { origin: 'offline', bundles: '/up' }

/** Each rule from both sides: values it speaks about, and values it is silent about. */
const rules: [code: string, speaks: FormValues, silent: FormValues][] = [
  ['note sources.folder @folder', {}, { folder: '/src' }],
  ['error sources.path @folder', { folder: 'src' }, { folder: '~/src' }],
  ['error sources.container @container', { container: 'a b' }, { container: 'modellink' }],
  ['note sources.switch @existing', { existing: 'switch' }, { existing: 'aside' }],
  ['error sources.line @modellinkSources', { modellinkSources: ['a b'] }, { modellinkSources: guide }],
  ['error sources.line @modellinkSources', { modellinkSources: ['a https://b -c'] }, {}],
  ['error sources.line @modellinkSources', { modellinkSources: ['../a https://b c'] }, {}],
  ['error sources.line @modellinkSources', { modellinkSources: ['-Other'] }, { modellinkSources: ['-ModelLink', ''] }],
  ['error sources.twice @modellinkSources', { modellinkSources: [...guide, 'ModelLink /b c'] }, {}],
  [
    'warning sources.left @modellinkSources',
    { modellinkSources: ['-MindSpeed'] },
    { modellinkSources: guide.slice(1) },
  ],
  ['warning sources.version @modellinkSources', { modellinkSources: ['ModelLink https://x/y main'] }, {}],
  [
    'error sources.package @modellinkPackages',
    { modellinkPackages: ['--user'] },
    { modellinkPackages: ['-scipy', 'a==1.*'] },
  ],
  ['error sources.package @modellinkPackages', { modellinkPackages: ['a b'] }, { modellinkPackages: ['/a/b-1.whl'] }],
  ['note sources.internet @origin', {}, offline],
  ['error sources.path @bundles', { origin: 'offline' }, offline],
  ['error sources.environment @environment', { environment: '../x' }, { environment: 'test' }],
  ['error sources.environment @environment', { environment: 'a b' }, { environment: 'a b', python: 'none' }],
  ['error sources.python @pythonVersion', { pythonVersion: '3' }, { pythonVersion: '3.10' }],
  ['error sources.interpreter @interpreter', { python: 'existing', interpreter: '-x' }, { interpreter: '-x' }],
  ['note sources.conda @python', offline, { ...offline, python: 'venv' }],
  ['error sources.index @pipIndex', { pipIndex: 'mirror' }, { pipIndex: 'https://mirror/simple' }],
  ['warning sources.http @pipIndex', { pipIndex: 'http://mirror/simple' }, { pipIndex: 'https://mirror/simple' }],
  ['note sources.wheels @wheels', {}, { wheels: '/wheels' }],
  ['error sources.path @wheels', { wheels: 'wheels' }, { wheels: '~/wheels' }],
]

describe('findings of the sources panel', () => {
  it.each(rules)('%s', (code, speaks, silent) => {
    expect(codesOf(planOf('mistral', 'sources', speaks))).toContain(code)
    expect(codesOf(planOf('mistral', 'sources', silent))).not.toContain(code)
  })

  it('tells that checks on NPUs fail on a host without', () => {
    const code = 'warning sources.noNpu @checks'
    expect(codesOf(planOf('mistral', 'sources', {}, factsForTest()))).toContain(code)
    expect(codesOf(planOf('mistral', 'sources', { checks: ['imports'] }, factsForTest()))).not.toContain(code)
    expect(codesOf(planOf('mistral', 'sources', {}, eight))).not.toContain(code)
  })

  it('looks at the folders that the form names', () => {
    const look = (values: FormValues, paths: Record<string, { kind: 'folder'; names: string[] } | null>) =>
      codesOf(planSources(inputForTest(values, { facts: eight, paths })))
    const there = { kind: 'folder' as const, names: ['ModelLink', 'other'] }
    expect(look({ folder: '/src' }, { folder: there })).toContain('note sources.there @existing')
    expect(look({ folder: '/src' }, { folder: null })).not.toContain('note sources.there @existing')
    expect(look(offline, { bundles: null })).toContain('error sources.bundles @bundles')
    const some = { kind: 'folder' as const, names: ['ModelLink.bundle', 'MindSpeed.zip'] }
    expect(look(offline, { bundles: some })).toContain('warning sources.bundle @bundles')
    const all = { ...some, names: [...some.names, 'Megatron-LM.tar.gz'] }
    expect(look(offline, { bundles: all })).not.toContain('warning sources.bundle @bundles')
  })

  it('asks for the fields of the family’s own frameworks only', () => {
    const fieldsOf = (family: string) =>
      Object.keys(setupPanels(family).find(({ id }) => id === 'sources')?.form.hints ?? {})
    expect(fieldsOf('telechat2')).toContain('mindformersSources')
    expect(fieldsOf('telechat2')).not.toContain('mindspeedSources')
    expect(fieldsOf('mistral')).not.toContain('mindformersPackages')
  })

  it('makes steps for what is asked for', () => {
    const steps = (values: FormValues) => planOf('mistral', 'sources', values).steps.map(({ id }) => id)
    expect(steps({})).toEqual(['check', 'fetch', 'arrange', 'python', 'packages', 'env-file', 'verify'])
    expect(steps({ python: 'none' })).toEqual(['check', 'fetch', 'arrange'])
    expect(steps({ python: 'existing', checks: [] })).not.toContain('verify')
    expect(steps({ modellinkSources: ['ModelLink /x 1.1'] })).toContain('arrange')
    expect(steps({ folder: 'x' })).toEqual([])
  })
})
