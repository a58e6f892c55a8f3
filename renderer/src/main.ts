import './jitless.ts'
import './ui/base.css'
import '#engine/rpc/browser.ts'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { registerFeatures } from './features.ts'
import { chooseLocale, i18n } from './i18n/index.ts'
import { flushLayout } from './shell/layout.ts'
import { paintDocument } from './ui/paint.ts'
import { createWorkbench, installWorkbench, transportOpener } from './workbench/index.ts'

chooseLocale('system')
paintDocument()
installWorkbench(createWorkbench(transportOpener()))
registerFeatures()
window.addEventListener('pagehide', () => void flushLayout())
createApp(App).use(createPinia()).use(i18n).mount('#app')
