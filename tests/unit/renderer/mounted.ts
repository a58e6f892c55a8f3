import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import type { Component } from 'vue'
import { chooseLocale, i18n } from '@/i18n/index.ts'
import { useSavedLayout } from '@/shell/layout.ts'
import { createWorkbench, installWorkbench } from '@/workbench/index.ts'
import { FakeWorkbench } from '../../fixtures/fake-workbench.ts'

export interface Mounted extends Disposable {
  readonly view: VueWrapper
  readonly fake: FakeWorkbench
  /** The first element of a test id. */
  by(testId: string): ReturnType<VueWrapper['get']>
}

/** A view over a workbench in memory, in English, from an empty layout. */
export function mounted(
  component: Component,
  props: Record<string, unknown>,
  ...[state, overrides]: ConstructorParameters<typeof FakeWorkbench>
): Mounted {
  chooseLocale('en')
  useSavedLayout(null)
  const fake = new FakeWorkbench(state, overrides)
  const workbench = createWorkbench(fake.open)
  installWorkbench(workbench)
  const view = mount(component, { props, global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  return {
    view,
    fake,
    by: (testId) => view.get(`[data-testid="${testId}"]`),
    [Symbol.dispose]: () => {
      view.unmount()
      workbench[Symbol.dispose]()
      fake[Symbol.dispose]()
    },
  }
}
