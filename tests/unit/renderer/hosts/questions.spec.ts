import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { Question } from '#contract/index.ts'
import { HostId } from '#engine/protocol/index.ts'
import { chooseLocale, i18n } from '@/i18n/index.ts'
import QuestionForm from '@/features/questions/QuestionForm.vue'

const about = { id: '1', host: HostId.parse('a'), hostName: 'npu-01', askedAt: 0 }

function shown(question: Question) {
  chooseLocale('en')
  return mount(QuestionForm, { props: { question }, global: { plugins: [i18n] }, attachTo: document.body })
}

describe('a question', () => {
  it('shows the key of a host as it is, and that an authority is not asked', async () => {
    const view = shown({
      kind: 'hostKey',
      ...about,
      address: '10.0.0.1:22',
      keyType: 'ssh-ed25519',
      fingerprint: 'SHA256:abc',
      hasAuthority: true,
    })
    expect(view.text()).toContain('Is this npu-01?')
    expect(view.text()).toContain('SHA256:abc')
    expect(view.text()).toContain('certificate authority')
    await view.get('form').trigger('submit')
    expect(view.emitted('answer')).toEqual([[[], false]])
    view.unmount()
  })

  it('hides what is typed, unless the server says otherwise, and shows its words as plain text', async () => {
    const view = shown({
      kind: 'keyboard',
      ...about,
      user: 'root',
      title: '<b>Two steps</b>',
      instructions: 'Look at the token',
      prompts: [
        { text: 'Code: ', isShown: false },
        { text: '', isShown: true },
      ],
      canRemember: false,
    })
    expect(view.text()).toContain('<b>Two steps</b>')
    const inputs = view.findAll('input')
    expect(inputs.map((input) => input.attributes('type'))).toEqual(['password', 'text'])
    await inputs[0]?.setValue('123456')
    await inputs[1]?.setValue('yes')
    await view.get('form').trigger('submit')
    expect(view.emitted('answer')).toEqual([[['123456', 'yes'], false]])
    view.unmount()
  })

  it('says that the last answer was wrong, and why nothing can be remembered', () => {
    const view = shown({
      kind: 'password',
      ...about,
      user: 'root',
      address: '10.0.0.1',
      wasWrong: true,
      canRemember: false,
    })
    expect(view.get('[role=alert]').text()).toContain('not accepted')
    expect(view.find('[data-testid="question-remember"]').exists()).toBe(false)
    expect(view.text()).toContain('A vault can be created')
    view.unmount()
  })
})
