import type { Keychain } from './secret-store.ts'
import { isSealedByVault, type Vault } from './vault.ts'

/** The key store of the system where there is one, else the vault. What the vault has kept moves over when one appears. */
export function systemOrVault(system: Keychain, vault: Vault): Keychain {
  const hasSystem = async () => (await system.unavailable()) === null
  return {
    unavailable: async () => ((await hasSystem()) ? null : await vault.unavailable()),
    encrypt: async (text) => await ((await hasSystem()) ? system : vault).encrypt(text),
    decrypt: async (data) => {
      if (!isSealedByVault(data)) return await system.decrypt(data)
      const { text } = await vault.decrypt(data)
      return { text, isStale: await hasSystem() }
    },
  }
}
