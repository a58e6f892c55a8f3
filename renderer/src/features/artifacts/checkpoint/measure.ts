/** A value of a weight: four digits, whatever its size; `1.234e-7`. */
export function measure(value: number): string {
  const rounded = Number(value.toPrecision(4))
  const size = Math.abs(rounded)
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded)
}

/** The same where there may be none. */
export const measureOrDash = (value: number | null): string => (value === null ? '–' : measure(value))
