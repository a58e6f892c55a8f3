import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { SettingsService } from '#main/settings/settings-service.ts'
import { Database } from '#main/store/database.ts'
import { SettingsRepository } from '#main/store/settings-repository.ts'

let database: Database
let repository: SettingsRepository
let settings: SettingsService
beforeEach(() => {
  database = new Database(':memory:')
  repository = new SettingsRepository(database)
  settings = new SettingsService(repository)
})
afterEach(() => database[Symbol.dispose]())

describe('settings', () => {
  it('have defaults, are kept, and changes are told', () => {
    expect(settings.get()).toEqual({ locale: 'system', theme: 'system', keepJobsOnExit: true })
    const seen: unknown[] = []
    using _watching = settings.onChange((changed) => seen.push(changed))
    settings.set({ theme: 'dark' })
    expect(seen).toEqual([{ locale: 'system', theme: 'dark', keepJobsOnExit: true }])
    expect(new SettingsService(repository).get().theme).toBe('dark')
  })

  it('fall back to defaults when another version wrote what is not known', () => {
    repository.set('settings', { theme: 'sepia' })
    expect(settings.get().theme).toBe('system')
  })

  it('remember which plugins are off', () => {
    expect(settings.isEnabled('llama2')).toBe(true)
    settings.setEnabled('llama2', false)
    settings.setEnabled('llama2', false)
    expect(settings.isEnabled('llama2')).toBe(false)
    settings.setEnabled('llama2', true)
    expect(settings.isEnabled('llama2')).toBe(true)
  })

  it('keep the layout as it is', () => {
    expect(settings.loadLayout()).toBeNull()
    settings.saveLayout({ tabs: [1] })
    expect(settings.loadLayout()).toEqual({ tabs: [1] })
  })
})

describe('form values', () => {
  it('are kept by family, panel and host until they are forgotten', () => {
    const key = { family: 'llama2', panel: 'train', host: LOCAL_HOST }
    expect(repository.getForm(key)).toBeNull()
    repository.setForm(key, { tp: 2, path: '/x', flag: true, none: null })
    expect(repository.getForm(key)).toEqual({ tp: 2, path: '/x', flag: true, none: null })
    expect(repository.getForm({ ...key, panel: 'convert' })).toBeNull()
    repository.setForm(key, null)
    expect(repository.getForm(key)).toBeNull()
  })
})
