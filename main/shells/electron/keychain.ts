import type { Keychain } from '../../secrets/secret-store.ts'

/** The part of Electron's safeStorage that is used: its asynchronous form. */
export interface SafeStorage {
  isAsyncEncryptionAvailable(): Promise<boolean>
  encryptStringAsync(text: string): Promise<Buffer>
  decryptStringAsync(data: Buffer): Promise<{ result: string; shouldReEncrypt: boolean }>
  getSelectedStorageBackend(): string
}

/** The system's key store. On Linux `basic_text` means that there is none: its key is in every copy of the program. */
export const safeStorageKeychain = (storage: SafeStorage, platform: string): Keychain => ({
  unavailable: async () => {
    if (!(await storage.isAsyncEncryptionAvailable())) return 'the system offers no encryption'
    if (platform !== 'linux') return null
    const backend = storage.getSelectedStorageBackend()
    return backend === 'basic_text' || backend === 'unknown' ? 'no keyring is running' : null
  },
  encrypt: (text) => storage.encryptStringAsync(text),
  decrypt: async (data) => {
    const { result, shouldReEncrypt } = await storage.decryptStringAsync(data)
    return { text: result, isStale: shouldReEncrypt }
  },
})
