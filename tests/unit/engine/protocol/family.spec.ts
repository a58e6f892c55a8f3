import { describe, expect, it } from 'vitest'
import { shippedFamilies } from '../../../../engine/checkpoint/layouts/families/catalog.ts'
import { FamilyDefinition } from '../../../../engine/protocol/family.ts'
import harbor from '../../../fixtures/plugins/harbor/definition.json' with { type: 'json' }

type Changeable = Record<string, never> & typeof harbor

/** The first thing that is said against the made-up family after a change. */
function complaint(change: (definition: Changeable) => void): string {
  const copy = structuredClone(harbor) as Changeable
  change(copy)
  const { error } = FamilyDefinition.safeParse(copy)
  const [issue] = error?.issues ?? []
  return issue === undefined ? 'none' : `${issue.path.join('.')}: ${issue.message}`
}

describe('a family definition', () => {
  it('is plain JSON, for each shipped family and a made-up one', () => {
    for (const family of shippedFamilies.all) {
      expect(FamilyDefinition.parse(JSON.parse(JSON.stringify(family)))).toEqual(family)
    }
    expect(FamilyDefinition.parse(harbor)).toMatchObject({ id: 'harbor', config: { downBias: false } })
  })

  it('describes every tensor of every model of the family once', () => {
    expect(complaint(({ layouts }) => void layouts.hf.head.pop())).toContain('embedding is in 0 rules, not in 1')
    expect(complaint(({ layouts }) => void layouts.mindspore.tail.push(layouts.mindspore.tail[0]!))).toContain(
      'finalNorm is in 2 rules',
    )
    // A model without biases of q, k and v has none to store.
    expect(complaint(({ layouts }) => delete (layouts.hf.layer[1] as { when?: string }).when)).toContain(
      'of a model with oBias, q.bias is in 1 rules, not in 0',
    )
    expect(complaint(({ config }) => void Object.assign(config, { downBias: true }))).toContain(
      'down.bias is in 0 rules',
    )
  })

  it('names nothing twice', () => {
    expect(complaint(({ layouts }) => (layouts.hf.layer[4]!.name = layouts.hf.layer[5]!.name))).toContain('there twice')
    expect(complaint(({ layouts }) => (layouts.hf.tail[0]!.name = 'quay.piers.11.norm_1'))).toContain('there twice')
    expect(complaint(({ config }) => (config.heads.fields = ['width']))).toBe('config.heads: width is hidden already')
  })

  it('stacks only what fits', () => {
    expect(complaint(({ layouts }) => (layouts.hf.layer[2]!.parts = ['o', 'down']))).toContain('not equally wide')
    expect(complaint(({ layouts }) => Object.assign(layouts.hf.layer[6]!, { pieces: 'kvGroups' }))).toContain(
      'cannot take turns',
    )
    expect(complaint(({ layouts }) => (layouts.hf.head[0]!.parts = ['q']))).toContain('q is no tensor of the model')
    expect(complaint(({ layouts }) => (layouts.hf.layer[0]!.parts = ['toString']))).toContain('toString is no tensor')
    expect(complaint(({ layouts }) => (layouts.hf.layer[0]!.name = 'quay.qkv'))).toContain('has no {layer}')
    expect(complaint(({ layouts }) => (layouts.hf.head[0]!.name = 'quay.{layer}.x'))).toContain('is in no layer')
  })

  it.each<[string, (definition: Changeable) => void]>([
    ['id', (definition) => (definition.id = '../harbor')],
    ['id', (definition) => (definition.id = 'harbor/../../x')],
    ['config.hidden.fields.0', ({ config }) => (config.hidden.fields = ['__proto__'])],
    ['configExtras', (definition) => Object.assign(definition, { configExtras: { 'a b': 1 } })],
    ['layouts.hf.head.0.name', ({ layouts }) => (layouts.hf.head[0]!.name = '__metadata__')],
    ['layouts.hf.head.0.name', ({ layouts }) => (layouts.hf.head[0]!.name = 'a/b')],
    ['layouts.hf.head.0.name', ({ layouts }) => (layouts.hf.head[0]!.name = 'a'.repeat(500))],
    ['layouts.hf.ignored.0', ({ layouts }) => (layouts.hf.ignored = ['(a+)+$'])],
    ['layouts.hf.layer', ({ layouts }) => (layouts.hf.layer = Array(1000).fill(layouts.hf.layer[0]))],
    ['layouts.megatron', ({ layouts }) => (layouts.megatron = 'own')],
  ])('is refused with the field %s (%#)', (field, change) => {
    expect(complaint(change)).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}`))
  })
})
