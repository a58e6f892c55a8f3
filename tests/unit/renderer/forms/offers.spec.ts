import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ArtifactView } from '#contract/index.ts'
import { ArtifactId, HostId, LOCAL_HOST } from '#engine/protocol/index.ts'
import PanelForm from '@/forms/PanelForm.vue'
import { type Mounted, mounted } from '../mounted.ts'

const words = (en: string) => ({ en, 'zh-CN': en })
const artifact = (name: string, change: Partial<ArtifactView> = {}): ArtifactView => ({
  id: ArtifactId.parse(name),
  host: LOCAL_HOST,
  kind: 'checkpoint',
  path: `/w/${name}`,
  name,
  passport: null,
  run: null,
  parents: [],
  createdAt: Date.now() - 120_000,
  exists: true,
  ...change,
})
const form = {
  schema: { type: 'object' as const, properties: { source: { type: 'string' } }, required: ['source'] },
  hints: { source: { title: words('Source'), widget: 'checkpoint' as const } },
  groups: [],
}
const artifacts = [
  artifact('old', { createdAt: 1 }),
  artifact('middle', { createdAt: 2 }),
  artifact('newest'),
  artifact('gone', { exists: false }),
  artifact('rows', { kind: 'dataset' }),
  artifact('elsewhere', { host: HostId.parse('npu-01') }),
]

describe('an empty checkpoint field', () => {
  let shown: Mounted
  afterEach(() => shown[Symbol.dispose]())
  const offers = () => shown.view.findAll('[data-testid=offer-source]')

  it('offers the newest fitting artifacts of the host, and takes one with a press', async () => {
    shown = mounted(PanelForm, { form, values: {}, findings: [], host: LOCAL_HOST }, { artifacts })
    await vi.waitFor(() => expect(offers()).toHaveLength(2))
    expect(offers().map((offer) => offer.text())).toEqual([
      expect.stringMatching(/^newest .*2 minutes ago$/),
      expect.stringMatching(/^middle /),
    ])
    await offers()[0]?.trigger('click')

    expect(shown.view.emitted('update')).toEqual([['source', '/w/newest']])
  })

  it('offers nothing once it is filled', async () => {
    shown = mounted(PanelForm, { form, values: { source: '/w/old' }, findings: [], host: LOCAL_HOST }, { artifacts })
    await vi.waitFor(() => expect(shown.view.text()).toContain('old'))
    expect(offers()).toHaveLength(0)
  })

  it('leads to the page of what it names, unless that is wrong', async () => {
    const open = () => shown.by('open-source')
    shown = mounted(PanelForm, { form, values: {}, findings: [], host: LOCAL_HOST }, { artifacts })
    expect(open().attributes('disabled')).toBeDefined()
    shown[Symbol.dispose]()

    const finding = { level: 'error' as const, code: 'file.missing', text: words('Gone'), field: 'source' }
    const values = { source: '/w/old' }
    shown = mounted(PanelForm, { form, values, findings: [finding], host: LOCAL_HOST }, { artifacts })
    expect(open().attributes('disabled')).toBeDefined()
    shown[Symbol.dispose]()

    shown = mounted(PanelForm, { form, values, findings: [], host: LOCAL_HOST }, { artifacts })
    await open().trigger('click')
    expect(shown.view.emitted('open')).toEqual([['checkpoint', '/w/old']])
  })
})

describe('rarely used fields', () => {
  let shown: Mounted
  afterEach(() => shown[Symbol.dispose]())

  it('stay unfolded once they were, also when they are emptied', async () => {
    const hints = { source: { title: words('Source'), isExpert: true } }
    shown = mounted(PanelForm, { form: { ...form, hints }, values: { source: 'x' }, findings: [], host: LOCAL_HOST })
    const fold = () => shown.view.get('details')
    expect(fold().attributes('open')).toBeDefined()
    await fold().trigger('toggle')
    await shown.view.setProps({ values: {} })
    expect(fold().attributes('open')).toBeDefined()
  })
})
