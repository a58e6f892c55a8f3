import { watchEffect } from 'vue'
import { theme } from './theme.ts'
import { cssVariables } from './tokens.ts'

/** Keeps the custom properties of the document in step with the theme. */
export function paintDocument(): void {
  watchEffect(() => {
    const { style, dataset } = document.documentElement
    dataset.theme = theme.value
    style.colorScheme = theme.value
    for (const [name, value] of Object.entries(cssVariables(theme.value))) style.setProperty(name, value)
  })
}
