import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { ref } from 'vue'
import NumberControl from '@/forms/controls/NumberControl.vue'
import { fieldsOf } from '@/forms/model/fields.ts'
import { i18n } from '@/i18n/index.ts'

const [field] = fieldsOf({
  schema: { type: 'object', properties: { length: { type: 'number' } } },
  hints: {},
  groups: [],
})

describe('a field for a number', () => {
  let unmount: () => void = () => undefined
  const open = () => {
    const value = ref<unknown>(undefined)
    const updates: unknown[] = []
    const view = mount(
      {
        components: { NumberControl },
        setup: () => ({
          field,
          value,
          update: (next: unknown) => {
            updates.push(next)
            value.value = next
          },
        }),
        template: `<NumberControl :field="field" :value="value" control-id="a" label-id="b" described-by="c" :is-invalid="false" @update="update" />`,
      },
      { global: { plugins: [i18n] }, attachTo: document.body },
    )
    unmount = () => view.unmount()
    const input = view.get('input')
    const type = async (text: string) => {
      for (let end = 1; end <= text.length; end++) await input.setValue(text.slice(0, end))
    }
    return { input, type, updates }
  }
  afterEach(() => unmount())

  it('follows the keys', async () => {
    const { type, updates } = open()
    await type('512')
    expect(updates).toEqual([5, 51, 512])
  })

  it('does not rewrite a number that is half typed', async () => {
    const { input, type, updates } = open()
    await type('0.05')
    expect((input.element as HTMLInputElement).value).toBe('0.05')
    expect(updates.at(-1)).toBe(0.05)
    await type('2.5e-7')
    expect((input.element as HTMLInputElement).value).toBe('2.5e-7')
    expect(updates.at(-1)).toBe(2.5e-7)
  })
})
