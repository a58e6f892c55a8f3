import { type ResourceLimits, Worker } from 'node:worker_threads'

/** What a thread of the engine does: worker.ts has the module of each. */
export type WorkerRole = 'lane' | 'chat' | 'encode' | 'checkpoint-write' | 'checkpoint-compare' | 'checkpoint-hash'

/**
 * In the bundle every module is the engine's entry file, which hands a thread to `runWorker`; among the sources
 * worker-main.ts does.
 */
const here = import.meta.url
const entry = here.endsWith('.ts') ? new URL('./worker-main.ts', here) : new URL(here)

/** Starts a thread of this program in a role; `data` goes to it by structured clone. */
export function startThread(role: WorkerRole, data: object, resourceLimits: ResourceLimits = {}): Worker {
  return new Worker(entry, { workerData: { ...data, awbRole: role }, resourceLimits })
}
