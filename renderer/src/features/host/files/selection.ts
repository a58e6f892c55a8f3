/** What is chosen in a list of names, and where the keyboard is. */
export interface Selection {
  readonly chosen: ReadonlySet<string>
  /** The row that has the focus; null before the list was used. */
  readonly current: string | null
  /** Where a range began. */
  readonly anchor: string | null
}

export const nothingChosen: Selection = { chosen: new Set(), current: null, anchor: null }

/** Moves by rows; with `isRange` everything from where it began is chosen. Ends stay where they are. */
export function moved(
  selection: Selection,
  names: readonly string[],
  to: number | 'first' | 'last',
  isRange: boolean,
): Selection {
  if (names.length === 0) return selection
  const from = selection.current === null ? -1 : names.indexOf(selection.current)
  const last = names.length - 1
  const at = to === 'first' ? 0 : to === 'last' ? last : Math.min(last, Math.max(0, from + to))
  const current = names[at] ?? null
  if (!isRange || current === null) return { ...selection, current, anchor: current }
  return rangeTo(selection, names, current)
}

/** Chooses one more, or one less. */
export function toggled(selection: Selection, name: string): Selection {
  const chosen = new Set(selection.chosen)
  if (!chosen.delete(name)) chosen.add(name)
  return { chosen, current: name, anchor: name }
}

/** Chooses everything between where the range began and a row. */
export function rangeTo(selection: Selection, names: readonly string[], name: string): Selection {
  const anchor = selection.anchor !== null && names.includes(selection.anchor) ? selection.anchor : name
  const [from, to] = [names.indexOf(anchor), names.indexOf(name)].sort((a, b) => a - b)
  return { chosen: new Set(names.slice(from, (to ?? 0) + 1)), current: name, anchor }
}

/** What is still there of a selection after the list has changed. */
export function kept(selection: Selection, names: readonly string[]): Selection {
  const there = new Set(names)
  const stays = (name: string | null) => (name !== null && there.has(name) ? name : null)
  return {
    chosen: new Set([...selection.chosen].filter((name) => there.has(name))),
    current: stays(selection.current),
    anchor: stays(selection.anchor),
  }
}
