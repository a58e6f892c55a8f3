import { AppError } from '#engine/protocol/errors/index.ts'
import type { Keychain } from './secret-store.ts'

/** Where there is no key store, as in the browser shell: it says so, and keeps nothing. */
export function noKeychain(reason: string): Keychain {
  const refuse = () => Promise.reject(new AppError('secrets.unavailable', { reason }))
  return { unavailable: () => Promise.resolve(reason), encrypt: refuse, decrypt: refuse }
}
