import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FamilyView, PlanRequest } from '#contract/index.ts'
import type { FormValues, Plan } from '#engine/protocol/index.ts'
import FamilyWorkspace from '@/features/families/FamilyView.vue'
import { type Mounted, mounted } from '../mounted.ts'

const words = (en: string) => ({ en, 'zh-CN': en })

const family: FamilyView = {
  id: 'plugin-of-llama2',
  version: '1.0.0',
  api: 1,
  name: words('Llama 2'),
  description: words(''),
  frameworks: {},
  capabilities: ['plan'],
  locales: ['en', 'zh-CN'],
  main: 'plugin.js',
  contributes: {
    family: { id: 'llama2', name: 'Llama 2', sizes: [] },
    panels: [
      {
        id: 'convert',
        stage: 'convert',
        title: words('Convert'),
        summary: words('Converts'),
        plan: 'plan',
        form: {
          schema: {
            type: 'object',
            properties: { output: { type: 'string' }, tp: { type: 'integer', default: 1 } },
            required: ['output'],
          },
          hints: { output: { title: words('Output') }, tp: { title: words('TP') } },
          groups: [],
        },
      },
    ],
    recipes: [{ id: 'two', panel: 'convert', title: words('Two'), values: { tp: 2 } }],
    metrics: [],
    tour: [],
  },
}

const finding = (field: string, code: string, said: string) => ({
  level: 'error' as const,
  code,
  text: words(said),
  field,
})

const planOf = (values: FormValues): Plan => ({
  title: words('Convert'),
  findings: [
    ...(values['tp'] === 3 ? [finding('tp', 'x', '3 does not divide 4 heads.')] : []),
    ...(values['output'] ? [] : [finding('output', 'form.required', 'Output is needed.')]),
  ],
  files: [],
  steps: [
    { kind: 'script', id: 'go', title: words('Go'), script: `echo ${values['output']}`, where: 'host', nodes: 'first' },
  ],
  outputs: [{ kind: 'checkpoint', path: String(values['output']), title: words('Weights'), bytes: 2048 }],
})

describe('the family workspace', () => {
  let shown: Mounted
  const asked: PlanRequest[] = []
  let saved: FormValues | null = null

  const open = async (props: Record<string, unknown> = {}) => {
    asked.length = 0
    shown = mounted(
      FamilyWorkspace,
      { family: 'llama2', ...props },
      { families: [family] },
      {
        plans: {
          preview: (request) => {
            asked.push(request)
            return planOf(request.values)
          },
        },
        settings: {
          watch: () => ({
            snapshot: () => ({ locale: 'en', theme: 'light', keepJobsOnExit: true }),
            subscribe: () => ({ [Symbol.dispose]: () => undefined }),
          }),
          loadForm: () => ({ values: saved }),
          saveForm: ({ values }) => {
            saved = values
            return {}
          },
          saveLayout: () => ({}),
        },
      },
    )
    await vi.waitFor(() => expect(shown.view.find('[data-testid=plan-preview]').exists()).toBe(true), 5000)
  }
  const input = (field: string) => shown.by(`field-${field}`).get('input')
  const plan = () => shown.by('plan-preview').text()

  afterEach(() => {
    shown[Symbol.dispose]()
    saved = null
  })

  it('shows the plan of what the form says, with what will be written', async () => {
    await open()
    await input('output').setValue('/w/out')
    await vi.waitFor(() => expect(plan()).toContain('echo /w/out'))
    expect(plan()).toContain('2 KiB')
    expect(asked.at(-1)).toMatchObject({ family: 'llama2', panel: 'convert', host: 'local', values: { tp: 1 } })
  })

  it('says which field stops the run and leaves it stopped', async () => {
    saved = { output: '/w/out', tp: 3 }
    await open()
    await vi.waitFor(() => expect(shown.by('error-count').text()).toContain('1 error'))
    expect(shown.by('field-tp').text()).toContain('3 does not divide')
    expect(shown.by('run-button').attributes('disabled')).toBeDefined()
    expect(shown.view.text()).toContain('TP: 3 does')
  })

  it('does not call an untouched empty field a mistake', async () => {
    await open()
    await vi.waitFor(() => expect(shown.by('run-needs').text()).toBe('Still needed: Output'))
    expect(shown.by('plan-needs').text()).toContain('Output')
    expect(shown.by('error-count').text()).toContain('0 errors')
    expect(shown.by('field-output').text()).toContain('required')
    expect(input('output').attributes('aria-invalid')).toBe('false')
  })

  it('calls a field that was left empty a mistake', async () => {
    await open()
    await vi.waitFor(() => expect(shown.view.find('[data-testid=run-needs]').exists()).toBe(true))
    await input('output').trigger('focusin')
    await input('output').trigger('focusout')
    expect(shown.by('error-count').text()).toContain('1 error')
    expect(input('output').attributes('aria-invalid')).toBe('true')
    expect(shown.by('run-button').attributes('disabled')).toBeDefined()
  })

  it('leads to the first needed field when asked to run', async () => {
    await open()
    await vi.waitFor(() => expect(shown.by('run-button').attributes('disabled')).toBeUndefined())
    await shown.by('run-button').trigger('click')
    expect(document.activeElement).toBe(input('output').element)
    expect(shown.by('error-count').text()).toContain('1 error')
    expect(shown.fake.started).toHaveLength(0)
  })

  it('runs what is on screen', async () => {
    saved = { output: '/w/out' }
    await open()
    await vi.waitFor(() => expect(shown.by('run-button').attributes('disabled')).toBeUndefined())
    await shown.by('run-button').trigger('click')
    await vi.waitFor(() => expect(shown.fake.started).toHaveLength(1))
    expect(shown.fake.started[0]?.values).toEqual({ output: '/w/out', tp: 1 })
  })

  it('runs what was just typed once its plan is there', async () => {
    saved = { output: '/w/out' }
    await open()
    await vi.waitFor(() => expect(shown.by('run-button').attributes('disabled')).toBeUndefined())
    await input('output').setValue('/w/newer')
    await input('output').trigger('keydown', { key: 'Enter', ctrlKey: true })
    expect(shown.fake.started).toHaveLength(0)
    await vi.waitFor(() => expect(shown.fake.started).toHaveLength(1))
    expect(shown.fake.started[0]?.values).toMatchObject({ output: '/w/newer' })
    expect(asked.at(-1)?.values).toMatchObject({ output: '/w/newer' })
  })

  it('keeps what is typed for the next time and lays handed values over it', async () => {
    await open()
    await input('output').setValue('/w/typed')
    await vi.waitFor(() => expect(saved).toEqual({ output: '/w/typed' }))
    shown[Symbol.dispose]()
    await open({ panel: 'convert', values: { tp: 2, unknown: 'x' } })
    await vi.waitFor(() => expect(plan()).toContain('echo /w/typed'))
    expect(asked.at(-1)?.values).toEqual({ output: '/w/typed', tp: 2 })
  })

  it('ties each label to its control', async () => {
    await open()
    for (const field of ['output', 'tp']) {
      const label = shown.by(`field-${field}`).get('label')
      expect(input(field).attributes('id')).toBe(label.attributes('for'))
      expect(input(field).attributes('aria-labelledby')).toBe(label.attributes('id'))
    }
  })
})
