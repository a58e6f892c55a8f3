import { jobs } from '../protocol/jobs.ts'
import { implement, type Service } from '../rpc/serve.ts'
import { followJournal, followOutput } from './follow.ts'
import type { JobStore } from './job-store.ts'
import type { JobWatch } from './job-watch.ts'

/** The `jobs` topic. */
export const jobService = (store: JobStore, watch: JobWatch): Service =>
  implement(jobs, {
    submit: (spec) => {
      const view = store.submit(spec)
      watch.touch(spec.id)
      return view
    },
    list: () => store.list(),
    get: ({ id }) => store.get(id),
    stop: ({ id, graceMs }, { signal }) => store.stop(id, graceMs, signal),
    remove: ({ id }) => {
      store.remove(id)
      watch.touch(id)
      return {}
    },
    watch: () => watch.source(),
    output: ({ id, from }, sink, { signal }) => followOutput(store.reader(id), sink, { from, signal }),
    journal: ({ id, from }, sink, { signal }) => followJournal(store.reader(id), sink, { from, signal }),
  })
