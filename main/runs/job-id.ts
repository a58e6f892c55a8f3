import { createHash } from 'node:crypto'
import { JobId, type RunId } from '#engine/protocol/ids.ts'

const LONGEST = 64

/**
 * The job of one step of a run. Always the same, so that submitting it again, after a lost reply or a restart, changes
 * nothing.
 */
export function jobIdOf(run: RunId, step: string): JobId {
  const id = `${run}-${step}`
  if (id.length <= LONGEST) return JobId.parse(id)
  return JobId.parse(`${run}-${createHash('sha256').update(step).digest('hex').slice(0, 16)}`)
}
