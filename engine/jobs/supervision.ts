import { readdirSync, readFileSync } from 'node:fs'
import { createFileAtomic } from '../host/atomic-file.ts'
import { isMissing } from '../host/fs-errors.ts'
import type { JobFolder } from './job-folder.ts'
import { parseLine } from './parse-line.ts'
import { isAlive, ownStamp, type ProcessStamp } from './process-stamp.ts'

/**
 * Who supervises a job: the writer of the highest of `supervisor.1.json`, `supervisor.2.json`, ... Each is created
 * once and never changed or removed, so of several that want to follow a dead supervisor exactly one succeeds.
 */
const PATTERN = /^supervisor\.(\d+)\.json$/

/** Takes the job over if nobody alive has it; false when somebody else does. */
export function takeSupervision(folder: JobFolder): boolean {
  const generation = lastGeneration(folder)
  if (generation > 0 && isHeld(folder, generation)) return false
  return createFileAtomic(folder.file(`supervisor.${generation + 1}.json`), JSON.stringify(ownStamp()))
}

export function isSupervised(folder: JobFolder): boolean {
  const generation = lastGeneration(folder)
  return generation > 0 && isHeld(folder, generation)
}

function lastGeneration(folder: JobFolder): number {
  try {
    const numbers = readdirSync(folder.path).map((name) => Number(PATTERN.exec(name)?.[1] ?? 0))
    return Math.max(0, ...numbers)
  } catch (error) {
    // The job was removed meanwhile.
    if (isMissing(error)) return 0
    throw error
  }
}

function isHeld(folder: JobFolder, generation: number): boolean {
  try {
    const stamp = parseLine<ProcessStamp>(readFileSync(folder.file(`supervisor.${generation}.json`), 'utf8'))
    return stamp !== null && isAlive(stamp)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
