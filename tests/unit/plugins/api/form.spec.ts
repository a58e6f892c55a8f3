import { describe, expect, it } from 'vitest'
import { PanelForm } from '#engine/protocol/panel.ts'
import {
  checkpointField,
  columnField,
  defineForm,
  fileField,
  group,
  integerField,
  multiSelectField,
  numberField,
  optionalIntegerField,
  selectField,
  switchField,
  text,
  textAreaField,
  textField,
} from '#plugin-api'

const title = text('Title', '标题')
const form = defineForm(
  group('a', title, {
    input: fileField({ title, isRequired: true }),
    mode: selectField({
      title,
      choices: [
        { value: 'x', label: title },
        { value: 'y', label: title },
      ],
      default: 'x',
    }),
    onlyY: checkpointField({ title, isRequired: true, showIf: { field: 'mode', in: ['y'] } }),
  }),
  group('b', title, {
    count: integerField({ title, default: 3, min: 1, max: 10 }),
    rate: numberField({ title, default: 0.5 }),
    limit: optionalIntegerField({ title, min: 1 }),
    isOn: switchField({ title, default: true }),
    parts: multiSelectField({ title, choices: [{ value: 'q', label: title }], default: ['q'] }),
    name: textField({ title }),
    lines: textAreaField({ title }),
    column: columnField({ title, of: 'input', default: 'output' }),
  }),
)
const codes = (values: Parameters<typeof form.read>[0]) =>
  form.read(values).findings.map(({ code, field }) => `${code} ${field}`)

describe('without', () => {
  it('tells a field from a group of the same name', () => {
    const both = defineForm(group('x', title, { x: textField({ title }), y: textField({ title }) }))
    expect(Object.keys(both.without({ fields: ['x'] }).panel.hints)).toEqual(['y'])
    expect(Object.keys(both.without({ groups: ['x'] }).without({ fields: ['y'] }).panel.hints)).toEqual([])
  })

  it('leaves groups out of what is drawn, and of what is read', () => {
    const rest = form.without({ groups: ['b'] })
    expect(Object.keys(rest.panel.hints)).toEqual(['input', 'mode', 'onlyY'])
    expect(rest.panel.groups.map(({ id }) => id)).toEqual(['a'])
    expect(rest.panel.schema.required).toEqual(['input', 'mode', 'onlyY'])
    expect(rest.read({ input: '/x', count: 99 })).toMatchObject({ values: { input: '/x', count: 3 }, findings: [] })
    expect(form.panel.groups).toHaveLength(2)
    expect(Object.keys(form.without({ fields: ['input'], groups: ['b'] }).panel.hints)).toEqual(['mode', 'onlyY'])
    expect(form.without({ fields: ['input'], groups: ['b'] }).read({}).findings).toEqual([])
  })
})

describe('defineForm', () => {
  it('builds a form that the protocol accepts', () => {
    expect(PanelForm.parse(form.panel)).toEqual(form.panel)
    expect(form.panel.schema.required).toEqual(['input', 'mode', 'onlyY', 'count', 'rate'])
    expect(form.panel.schema.properties['count']).toEqual({ type: 'integer', minimum: 1, maximum: 10, default: 3 })
    expect(form.panel.hints['column']).toMatchObject({ widget: 'column', of: 'input', group: 'b' })
  })

  it('refuses two fields of one name', () => {
    const twice = group('c', title, { input: textField({ title }) })
    expect(() => defineForm(twice, twice)).toThrow(/input/)
  })
})

describe('reading a form', () => {
  it('fills in defaults', () => {
    const { values, findings } = form.read({ input: '/data/a.json' })
    expect(findings).toEqual([])
    expect(values).toMatchObject({ mode: 'x', count: 3, rate: 0.5, limit: null, isOn: true, parts: ['q'], name: '' })
  })

  it('asks for what is needed, only where it is shown', () => {
    expect(codes({})).toEqual(['form.required input'])
    expect(codes({ input: '/a', mode: 'y' })).toEqual(['form.required onlyY'])
    expect(codes({ input: '/a', count: null })).toEqual(['form.required count'])
  })

  it.each([
    [{ count: 0 }, 'count'],
    [{ count: 11 }, 'count'],
    [{ count: 1.5 }, 'count'],
    [{ count: '3' }, 'count'],
    [{ rate: true }, 'rate'],
    [{ limit: 0 }, 'limit'],
    [{ isOn: 'yes' }, 'isOn'],
    [{ parts: ['z'] }, 'parts'],
    [{ parts: 'q' }, 'parts'],
    [{ mode: 'z' }, 'mode'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: 'a\0b' }, 'name'],
  ])('takes the default instead of %j and says so', (bad, field) => {
    const { values, findings } = form.read({ input: '/a', ...bad })
    expect(findings.map((finding) => [finding.code, finding.field])).toEqual([['form.invalid', field]])
    expect(values[field as 'count']).toEqual(form.read({ input: '/a' }).values[field as 'count'])
  })

  it('allows several lines where they belong', () => {
    expect(codes({ input: '/a', lines: 'a\nb' })).toEqual([])
  })
})
