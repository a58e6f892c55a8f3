import { posix, win32 } from 'node:path'
import { z } from 'zod'
import { files, HostId, Plan, RunId, Timestamp, type HostFacts } from '#engine/protocol/index.ts'
import type { JobId } from '#engine/protocol/ids.ts'
import type { Connection } from '#engine/rpc/connect.ts'
import { PlanRequest, RunOrigin } from '#contract/index.ts'
import type { RunRecord } from '../store/runs-repository.ts'

/**
 * `run.json` in the folder of each job: all that main needs to take up a run that its own store does not know, be it
 * deleted or another laptop's.
 */
export const RunFile = z.object({
  version: z.literal(1),
  id: RunId,
  number: z.number().int().positive(),
  host: HostId,
  request: PlanRequest,
  plan: Plan,
  origin: RunOrigin.optional(),
  createdAt: Timestamp,
})
export type RunFile = z.infer<typeof RunFile>

const NAME = 'run.json'
const PAGE_BYTES = 1 << 20

/** The file to submit with a job. Job folders lie in `jobs/<id>` of the engine's state folder. */
export function runFileFor(run: RunRecord, job: JobId, facts: HostFacts): { path: string; content: string } {
  const file: RunFile = {
    version: 1,
    id: run.id,
    number: run.number,
    host: run.host,
    request: run.request,
    plan: run.plan,
    ...(run.origin ? { origin: run.origin } : {}),
    createdAt: run.createdAt,
  }
  return {
    path: pathsOf(facts).join(facts.dirs.state, 'jobs', job, NAME),
    content: JSON.stringify(file),
  }
}

/** Reads it back from a job's folder. Throws AppError when it is missing, ZodError when it is not one. */
export async function readRunFile(connection: Connection, folder: string): Promise<RunFile> {
  const client = connection.topic(files)
  const path = `${folder}/${NAME}`
  const parts: Buffer[] = []
  for (let offset = 0; ;) {
    const page = await client.read({ path, offset, bytes: PAGE_BYTES })
    parts.push(Buffer.from(page.data, 'base64'))
    offset += page.bytes
    if (page.bytes === 0 || offset >= page.fileBytes) break
  }
  return RunFile.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
}

/** Path rules of a host. */
const pathsOf = ({ platform }: HostFacts) => (platform === 'win32' ? win32 : posix)
