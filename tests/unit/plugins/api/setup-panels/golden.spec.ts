import { describe, expect, it } from 'vitest'
import { Plan } from '#engine/protocol/plan.ts'
import type { FormValues, HostFacts } from '#plugin-api'
import { planText } from '#plugin-api/testing.ts'
import { eight, expectSoundScripts, factsWith, familyIds, planOf, setupPanels } from './families.ts'

const packages = {
  driver: '/data/Ascend-hdk-910b-npu-driver_23.0.3_linux-x86_64.run',
  firmware: '/data/my packages/Ascend-hdk-910b-npu-firmware_7.1.0.5.220.run',
}
const cases: [name: string, family: string, panel: string, values: FormValues, facts?: HostFacts][] = [
  ['guide', 'telechat2', 'container', { mounts: ['/data03:/mnt/model'] }],
  ['guide', 'qwen1.5', 'container', {}],
  ['first', 'telechat2', 'driver', packages],
  ['over', 'telechat2', 'driver', { ...packages, action: 'overwrite', mode: 'upgrade', again: true, forAll: false }],
  ['gone', 'telechat2', 'driver', { action: 'uninstall', installPath: '/opt/npu s' }],
  ['guide', 'telechat2', 'image', { dockerfile: '~/TeleChat2 ms/Dockerfile_TeleChat_ms', buildArgs: ['A=it is'] }],
  ['mirror', 'qwen1.5', 'image', { image: 'quay.io/a/b:1', mirror: 'm.daocloud.io/quay.io/a/b:1' }],
  ['guide', 'llama2', 'sources', {}],
  ['r0.8', 'llama2', 'sources', { stack: 'mindformers', python: 'venv', existing: 'switch' }],
  ['guide', 'mistral', 'sources', { wheels: '/data/my wheels', pipIndex: 'http://mirror.example/simple' }],
  [
    'offline',
    'qwen1.5',
    'sources',
    { stack: 'mindformers', origin: 'offline', bundles: '~/up loads', existing: 'aside' },
  ],
  ['inside', 'telechat2', 'sources', { container: 'telechat', python: 'existing', folder: '/workspace/my code' }],
  ['repository', 'telechat2', 'docker', {}],
  [
    'static',
    'llama2',
    'docker',
    {
      origin: 'static',
      archive: '~/up loads/docker-27.3.1.tgz',
      account: 'me',
      runtime: true,
      runtimePackage: '/data/Ascend-docker-runtime_6.0.0_linux-x86-64.run',
      mirrors: ['https://mirror.example'],
      dataRoot: '/data/docker/',
    },
  ],
  ['files', 'qwen1.5', 'docker', { origin: 'files', packages: '/data/it is', runtime: true, runtimeIsDefault: true }],
  ['gaps', 'mistral', 'container', { access: 'devices' }, factsWith(1, 4, 5)],
  ['no-npus', 'llama2', 'container', { npus: 'none', checks: [] }],
  [
    'apart',
    'llama2',
    'container',
    {
      npus: 'list',
      npuList: '0,2-4',
      access: 'runtime',
      user: '1000:1000',
      ipc: 'private',
      network: 'bridge',
      ports: ['8080:80'],
      replace: true,
      environment: ['GREETING=it is "me"'],
      mounts: ['~/my data:/data:ro', `/it's,"here"`],
      command: 'sleep infinity; echo "$HOME"',
    },
  ],
]

describe('golden plans of the setup panels', () => {
  it.each(cases)('%s of %s %s', async (name, family, panel, values, facts = eight) => {
    const plan = Plan.parse(planOf(family, panel, values, facts))
    await expect(planText(plan)).toMatchFileSnapshot(`../../../../fixtures/plans/${family}-${panel}-setup-${name}.txt`)
    expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
    expect(plan.steps.length).toBeGreaterThan(0)
    expectSoundScripts(plan)
  })
})

/** Ways through the panels that no golden plan takes. */
const ways: [family: string, panel: string, values: FormValues][] = [
  ['llama2', 'docker', { origin: 'none', runtime: true, restart: true, dataRoot: '/data', account: 'me' }],
  ['llama2', 'sources', { existing: 'aside', python: 'none', mindspeedSources: ['-MindSpeed', '-Megatron-LM'] }],
  ['llama2', 'sources', { python: 'venv', origin: 'offline', bundles: '/up', existing: 'switch', cannEnv: '' }],
  [
    'telechat2',
    'sources',
    { python: 'existing', requirements: false, mindformersPackages: ['/w/a b.whl'], nnalEnv: '' },
  ],
]

describe('other ways through the setup panels', () => {
  it.each(ways)('%s %s %o', (family, panel, values) => {
    const plan = planOf(family, panel, values)
    expect(plan.findings.filter(({ level }) => level === 'error')).toEqual([])
    expectSoundScripts(plan)
  })
})

describe('the setup panels of each family', () => {
  const panels = familyIds.flatMap((family) =>
    setupPanels(family).map((panel) => ({ name: `${family} ${panel.id}`, panel })),
  )

  it('are all there', () => {
    expect(familyIds.map((family) => setupPanels(family).map(({ id }) => id))).toEqual(
      familyIds.map(() => ['driver', 'docker', 'image', 'container', 'sources']),
    )
  })

  it.each(panels)('$name keeps its groups short and speaks both languages', ({ panel: { form } }) => {
    for (const { id } of form.groups) {
      const basic = Object.values(form.hints).filter(({ group, isExpert }) => group === id && !isExpert)
      expect(basic.length, id).toBeLessThanOrEqual(7)
    }
    for (const { title, help } of Object.values(form.hints)) {
      expect(title.en).not.toBe('')
      expect(title['zh-CN']).toMatch(/[\u4e00-\u9fff]|^NPU$/)
      if (help) expect(help.en.endsWith('.')).toBe(true)
      if (help) expect(help['zh-CN'].endsWith('。')).toBe(true)
    }
  })
})
