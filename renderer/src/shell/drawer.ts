import { defineStore } from 'pinia'
import { computed } from 'vue'
import { z } from 'zod'
import { remembered } from './layout.ts'

export const drawerPanes = ['output', 'problems'] as const
export type DrawerPane = (typeof drawerPanes)[number]

/** Pixels. */
export const DRAWER_HEIGHT = { min: 120, max: 480, normal: 200 } as const

const Saved = z.object({ isOpen: z.boolean(), pane: z.enum(drawerPanes), height: z.number() })

export const useDrawer = defineStore('drawer', () => {
  const saved = remembered('drawer', Saved, { isOpen: false, pane: 'output', height: DRAWER_HEIGHT.normal })
  const isOpen = computed(() => saved.value.isOpen)
  const pane = computed(() => saved.value.pane)
  const height = computed(() => saved.value.height)

  const show = (pane: DrawerPane) => void (saved.value = { ...saved.value, isOpen: true, pane })
  const hide = () => void (saved.value = { ...saved.value, isOpen: false })
  const toggle = () => void (saved.value = { ...saved.value, isOpen: !saved.value.isOpen })
  const resize = (wanted: number) => {
    const height = Math.round(Math.min(DRAWER_HEIGHT.max, Math.max(DRAWER_HEIGHT.min, wanted)))
    saved.value = { ...saved.value, height }
  }

  return { isOpen, pane, height, show, hide, toggle, resize }
})
