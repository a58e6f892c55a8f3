import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Where the page's development server finds the shell that serves the contract. */
const shell = `http://127.0.0.1:${process.env.AWB_SHELL_PORT ?? 5174}`

export default defineConfig({
  main: {
    build: {
      outDir: 'dist/main',
      lib: false,
      rollupOptions: {
        input: {
          browser: at('main/shells/browser-entry.ts'),
          electron: at('main/shells/electron.ts'),
          'plugin-worker': at('main/plugins/worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'dist/preload',
      lib: false,
      // A sandboxed preload script is one CommonJS file with everything in it.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: at('preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [vue()],
    resolve: { alias: { '@': at('renderer/src') } },
    define: {
      __VUE_I18N_FULL_INSTALL__: false,
      __VUE_I18N_LEGACY_API__: false,
      __INTLIFY_PROD_DEVTOOLS__: false,
    },
    server: {
      host: '127.0.0.1',
      port: 5173,
      strictPort: true,
      proxy: {
        '/session': { target: shell, changeOrigin: true },
        '/socket': { target: shell, changeOrigin: true, ws: true },
      },
    },
    build: {
      outDir: at('dist/renderer'),
      emptyOutDir: true,
      minify: true,
      // echarts, which is fetched when the first chart is drawn.
      chunkSizeWarningLimit: 600,
      rollupOptions: { input: at('renderer/index.html') },
    },
  },
})
