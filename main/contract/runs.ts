import { plans as plansContract, runs as runsContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { PlanService } from '../runs/plan-service.ts'
import type { RunBook } from '../runs/run-book.ts'
import type { RunService } from '../runs/run-service.ts'
import { planScript } from '../runs/plan-script.ts'
import { source } from './source.ts'

export const plansTopic = (plans: PlanService): Service =>
  implement(plansContract, {
    preview: (request) => plans.preview(request),
    script: async (request) => ({ script: planScript(await plans.preview(request)) }),
  })

export const runsTopic = (runs: RunService, book: RunBook): Service =>
  implement(runsContract, {
    start: ({ origin, ...request }) => runs.start(request, origin),
    get: ({ id }) => book.view(book.get(id)),
    stop: async ({ id, graceMs }) => {
      await runs.stop(id, graceMs)
      return {}
    },
    restartHost: async ({ id }) => {
      await runs.restartHost(id)
      return {}
    },
    rerun: ({ id }) => runs.rerun(id),
    remove: async ({ id }) => {
      await runs.remove(id)
      return {}
    },
    watch: () =>
      source(
        () => book.all().map((run) => book.view(run)),
        (emit) => book.onChange(emit),
      ),
    output: async ({ id, step, from }, sink, { signal }) => {
      for await (const chunk of runs.output(id, step, from, signal)) await sink.push(chunk)
    },
    journal: async ({ id, step, from }, sink, { signal }) => {
      for await (const entries of runs.journal(id, step, from, signal)) await sink.push(entries)
    },
    metrics: ({ id, step, points }) => runs.metrics(id, step, points),
    exportScript: ({ id }) => ({ script: planScript(book.get(id).plan) }),
  })
