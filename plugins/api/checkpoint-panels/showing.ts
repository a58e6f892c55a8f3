/** When a field is drawn; always, where nothing is said. */
export interface Showing {
  readonly showIf?: { field: string; in: (boolean | string)[] }
}
