import { families as familiesContract, plugins as pluginsContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { FamilyRegistry } from '../runs/family-registry.ts'
import { source } from './source.ts'

export const familiesTopic = (families: FamilyRegistry): Service =>
  implement(familiesContract, {
    watch: () =>
      source(
        () => [...families.manifests()],
        (emit) => families.onChange(() => emit([...families.manifests()])),
      ),
  })

export const pluginsTopic = (families: FamilyRegistry): Service =>
  implement(pluginsContract, {
    watch: () =>
      source(
        () => [...families.plugins()],
        (emit) => families.onChange(() => emit([...families.plugins()])),
      ),
    setEnabled: async ({ id, enabled }) => {
      await families.setEnabled(id, enabled)
      return {}
    },
  })
