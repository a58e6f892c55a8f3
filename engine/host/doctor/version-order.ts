/** Parts of a version: numbers, with a release candidate below the release itself. `24.1.rc2.2` → 24 1 rc 2 2. */
function partsOf(version: string): (number | 'rc')[] {
  return version
    .toLowerCase()
    .replace(/\.post/, '.')
    .split(/[.\-_]|(?<=rc)(?=\d)/)
    .filter((part) => part !== '')
    .map((part) => (part === 'rc' ? part : Number(/\d+/.exec(part)?.[0] ?? 0)))
}

/** Below 0 when `a` is older, above 0 when it is newer. `24.1.rc1 < 24.1.rc2 < 24.1.0`; case of RC does not matter. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index], right[index]]
    if (x === y) continue
    if (x === 'rc') return -1
    if (y === 'rc') return 1
    const difference = (x ?? 0) - (y ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Whether a version lies in one of the ranges of `compatible_version…` in a version.info: `[7.0.0,7.2.99]` closed,
 * `[V100R001C18]` exact by prefix, `[24.1,24.1.]` a prefix. Null when there are no ranges.
 */
export function isInRanges(version: string, ranges: string): boolean | null {
  const found = [...ranges.matchAll(/\[([^\]]*)\]/g)].map(([, inner = '']) => inner.split(',').map((end) => end.trim()))
  if (found.length === 0) return null
  return found.some(([low = '', high]) => {
    if (high === undefined) return version.startsWith(low)
    // `[24.1,24.1.]` means everything that begins like this.
    if (high === `${low}.`) return version === low || version.startsWith(high)
    if (/^V\d/i.test(low)) return version.slice(0, low.length) >= low && version.slice(0, high.length) <= high
    return compareVersions(version, low) >= 0 && compareVersions(version, high) <= 0
  })
}
