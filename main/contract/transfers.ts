import { contents as contentsContract, transfers as transfersContract } from '#contract/index.ts'
import { contents } from '#engine/protocol/contents.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Staging } from '../transfers/staging.ts'
import type { TransferService } from '../transfers/transfer-service.ts'
import { source } from './source.ts'

export const transfersTopic = (transfers: TransferService, staging: Staging): Service =>
  implement(transfersContract, {
    watch: () =>
      source(
        () => transfers.list(),
        (emit) => transfers.onChange(emit),
      ),
    check: async (request, { signal }) => ({ taken: await transfers.check(request, signal) }),
    start: async (order) => ({ id: await transfers.start(order) }),
    cancel: ({ id }) => {
      transfers.cancel(id)
      return {}
    },
    retry: ({ id }) => {
      transfers.retry(id)
      return {}
    },
    clear: async ({ id }) => {
      await transfers.clear(id)
      return {}
    },
    stage: async ({ stage, path, offset, data }) => ({ stage: await staging.put(stage, path, offset, data) }),
    unstage: async ({ stage }) => {
      await staging.remove(stage)
      return {}
    },
  })

export const contentsTopic = (engines: EnginePool): Service =>
  implement(contentsContract, {
    readText: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).readText(input, { signal }),
    writeText: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).writeText(input, { signal }),
    makeFolder: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).makeFolder(input, { signal }),
    measure: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).measure(input, { signal }),
    rename: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).rename(input, { signal }),
    remove: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(contents, signal)).remove(input, { signal }),
    tail: async ({ host, ...input }, sink, { signal }) => {
      const client = await engines.of(host).client(contents, signal)
      for await (const event of client.tail(input, { signal })) await sink.push(event)
    },
  })
