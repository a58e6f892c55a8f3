import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const rendererAlias = { '@': fileURLToPath(new URL('./renderer/src', import.meta.url)) }

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
          setupFiles: ['tests/setup.ts'],
        },
      },
      {
        plugins: [vue()],
        resolve: { alias: rendererAlias },
        test: { name: 'renderer', include: ['tests/unit/renderer/**/*.spec.ts'], environment: 'happy-dom' },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'oracle',
          include: ['tests/oracle/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.spec.ts', 'tests/electron/**/*.spec.ts'],
          setupFiles: ['tests/setup.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
