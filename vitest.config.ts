import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const rendererAlias = { '@': fileURLToPath(new URL('./renderer/src', import.meta.url)) }

/**
 * A test that takes this long hangs. Generous, because the machines of CI are shared and at times slow to a tenth; what
 * has to be quick is measured by the benchmarks.
 */
const HANGS_MS = 60_000

/** One project per kind of test: the runner of the whole suite starts them in this order. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.spec.ts'],
          exclude: ['tests/unit/renderer/**'],
          setupFiles: ['tests/setup.ts', 'tests/patience.ts'],
          testTimeout: HANGS_MS,
          hookTimeout: HANGS_MS,
        },
      },
      {
        plugins: [vue()],
        resolve: { alias: rendererAlias },
        test: {
          name: 'renderer',
          include: ['tests/unit/renderer/**/*.spec.ts'],
          environment: 'happy-dom',
          setupFiles: ['tests/patience.ts'],
          testTimeout: HANGS_MS,
          hookTimeout: HANGS_MS,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts', 'tests/patience.ts'],
          testTimeout: 3 * HANGS_MS,
          hookTimeout: 3 * HANGS_MS,
        },
      },
      {
        test: {
          name: 'oracle',
          include: ['tests/oracle/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts', 'tests/patience.ts'],
          testTimeout: 10 * HANGS_MS,
          hookTimeout: 10 * HANGS_MS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.spec.ts', 'tests/electron/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts', 'tests/patience.ts'],
          fileParallelism: false,
          testTimeout: 10 * HANGS_MS,
          hookTimeout: 10 * HANGS_MS,
        },
      },
    ],
  },
})
