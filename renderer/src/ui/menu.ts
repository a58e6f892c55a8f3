export interface MenuItem {
  readonly id: string
  readonly title: string
  /** Beside the title: a shortcut or a state. */
  readonly note?: string
  /** Set for all items or none: exactly one of them is chosen. */
  readonly isChecked?: boolean
  /** For tests: the entry's test id. */
  readonly testId?: string
  readonly run: () => unknown
}
