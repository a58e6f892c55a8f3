import { computed, type Ref, ref } from 'vue'
import type { ThemeName } from './tokens.ts'

const darkQuery = window.matchMedia('(prefers-color-scheme: dark)')
const systemTheme = ref<ThemeName>(darkQuery.matches ? 'dark' : 'light')
darkQuery.addEventListener('change', ({ matches }) => (systemTheme.value = matches ? 'dark' : 'light'))

const choice = ref<ThemeName | 'system'>('system')

/** The theme that is painted now. */
export const theme: Readonly<Ref<ThemeName>> = computed(() =>
  choice.value === 'system' ? systemTheme.value : choice.value,
)

export function chooseTheme(value: ThemeName | 'system'): void {
  choice.value = value
}
