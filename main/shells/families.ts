import type { AppEnv } from '../env.ts'

/** The families of the plugins that are installed. */
export const createFamilies: AppEnv['createFamilies'] = () => ({
  start: () => Promise.resolve(),
  manifests: () => [],
  plugins: () => [],
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
  plan: () => Promise.reject(new Error('no families')),
  setEnabled: () => Promise.resolve(),
  [Symbol.dispose]: () => undefined,
})
