import { shallowReactive, shallowRef } from 'vue'
import { errorText, t } from '../i18n/index.ts'

export interface Notification {
  readonly id: number
  readonly level: 'ok' | 'warn' | 'error' | 'info'
  readonly title: string
  readonly text?: string
  readonly action?: { readonly label: string; readonly run: () => unknown }
}

/** What is good or neutral goes by itself; what went wrong stays until it is closed. */
const SHOWN_MS = 6000
const LONGEST_LIST = 5

let lastId = 0
const shown = shallowReactive<Notification[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()

export const notifications = (): readonly Notification[] => shown

export function dismiss(id: number): void {
  const index = shown.findIndex((item) => item.id === id)
  if (index !== -1) shown.splice(index, 1)
  clearTimeout(timers.get(id))
  timers.delete(id)
}

export function notify(notification: Omit<Notification, 'id'>): void {
  const id = ++lastId
  shown.push({ ...notification, id })
  if (shown.length > LONGEST_LIST && shown[0]) dismiss(shown[0].id)
  if (notification.level !== 'error')
    timers.set(
      id,
      setTimeout(() => dismiss(id), SHOWN_MS),
    )
}

/** What was said last, for the live region. */
export const announcement = shallowRef('')

/** Says something to screen readers only: what is visible already where the user looks. */
export function announce(text: string): void {
  announcement.value = text
}

export const notifyError = (error: unknown, title?: string): void =>
  notify({ level: 'error', title: title ?? t('shell.failed'), text: errorText(error) })
