import type { Finding, PathFacts } from '#engine/protocol/plan.ts'
import type { PlanInput } from '../family.ts'
import { error } from '../findings.ts'
import { cleanPath } from '../paths.ts'
import { text } from '../text.ts'

/** A path that a form names has to be there; what it is worth beyond that is said by `more`. */
export function checkPath(
  { paths, values }: PlanInput,
  field: string,
  more: (facts: PathFacts, path: string) => Finding[],
): Finding[] {
  const facts = paths?.[field]
  if (facts === undefined) return []
  const path = cleanPath(String(values[field]))
  if (facts !== null) return more(facts, path)
  return [error('path.missing', text(`${path} is not there.`, `${path} 不存在。`), field)]
}
