import type { Finding } from '#engine/protocol/index.ts'

/** What a plan answers for a required field that holds nothing; given by the field readers of the plugin API. */
const MISSING = 'form.required'

export const isMissing = (finding: Finding): boolean => finding.code === MISSING

export interface Needs {
  /** Fields that still hold nothing and that nobody has been at yet, in the order of the plan. */
  readonly fields: readonly string[]
  /** All other findings. */
  readonly findings: Finding[]
}

/** Sets apart what a form merely waits for: an empty field is a mistake only once it was left empty. */
export function needsOf(findings: readonly Finding[], touched: ReadonlySet<string>): Needs {
  const isNeed = (finding: Finding) => isMissing(finding) && finding.field !== undefined && !touched.has(finding.field)
  return {
    fields: [...new Set(findings.filter(isNeed).flatMap(({ field }) => field ?? []))],
    findings: findings.filter((finding) => !isNeed(finding)),
  }
}
