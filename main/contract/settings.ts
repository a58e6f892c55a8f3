import { settings as topic, type Settings } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { SettingsService } from '../settings/settings-service.ts'
import type { SettingsRepository } from '../store/settings-repository.ts'
import { source } from './source.ts'

export const settingsTopic = (settings: SettingsService, repository: SettingsRepository): Service =>
  implement(topic, {
    watch: () =>
      source(
        () => settings.get(),
        (emit) => settings.onChange(emit),
      ),
    set: (changes) => settings.set(defined(changes)),
    loadLayout: () => ({ layout: settings.loadLayout() }),
    saveLayout: ({ layout }) => {
      settings.saveLayout(layout)
      return {}
    },
    loadForm: (key) => ({ values: repository.getForm(key) }),
    saveForm: ({ values, ...key }) => {
      repository.setForm(key, values)
      return {}
    },
  })

/** Without the members that are there but undefined: they would overwrite what was chosen. */
const defined = (changes: { [K in keyof Settings]?: Settings[K] | undefined }): Partial<Settings> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
