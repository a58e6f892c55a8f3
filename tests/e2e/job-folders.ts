import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from './workbench.ts'

export interface JobFolder {
  readonly folder: string
  readonly labels: Record<string, string>
  readonly output: Buffer
  readonly journal: { n: number; kind: string; step?: number; values?: Record<string, number>; state?: string }[]
}

/** The truth of a run, as it lies on disk: read without any code of the engine. */
export function jobFolders(home: Home): JobFolder[] {
  const jobs = join(home.state, 'jobs')
  return readdirSync(jobs).flatMap((id) => {
    const folder = join(jobs, id)
    // A job that is just being made, or the line that is just being written, is for the next look.
    if (!existsSync(join(folder, 'journal.ndjson'))) return []
    const spec = JSON.parse(readFileSync(join(folder, 'spec.json'), 'utf8')) as { labels: Record<string, string> }
    const text = readFileSync(join(folder, 'journal.ndjson'), 'utf8')
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
    return {
      folder,
      labels: spec.labels,
      output: readFileSync(join(folder, 'output.log')),
      journal: lines.filter(Boolean).map((line) => JSON.parse(line) as JobFolder['journal'][number]),
    }
  })
}

/** Losses of a training job by step, in the order they were journaled. */
export const lossesOf = (job: JobFolder): { step: number; loss: number }[] =>
  job.journal.flatMap(({ kind, step, values }) =>
    kind === 'metric' && step !== undefined && values?.loss !== undefined ? [{ step, loss: values.loss }] : [],
  )
