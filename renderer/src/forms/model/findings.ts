import type { Finding } from '#engine/protocol/index.ts'

const weight = { error: 0, warning: 1, note: 2 } as const satisfies Record<Finding['level'], number>

export const bySeverity = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => weight[a.level] - weight[b.level])

/**
 * Findings by the field they are drawn under. `columns.prompt` and `columns/prompt` belong to a field `columns` when
 * there is none of the full name. Findings about no field of the form are under the empty name.
 */
export function findingsByField(
  findings: readonly Finding[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, Finding[]> {
  const result = new Map<string, Finding[]>()
  for (const finding of bySeverity(findings)) {
    const path = finding.field ?? ''
    const head = path.split(/[./]/)[0] ?? ''
    const name = names.has(path) ? path : names.has(head) ? head : ''
    const list = result.get(name)
    if (list) list.push(finding)
    else result.set(name, [finding])
  }
  return result
}

export const countLevel = (findings: readonly Finding[], level: Finding['level']): number =>
  findings.filter((finding) => finding.level === level).length
