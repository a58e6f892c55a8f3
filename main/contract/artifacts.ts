import { artifacts as artifactsContract, datasets as datasetsContract } from '#contract/index.ts'
import { checkpoints } from '#engine/protocol/checkpoints.ts'
import { datasets } from '#engine/protocol/datasets.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { ArtifactService } from '../artifacts/artifact-service.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Log } from '../log/log.ts'
import { source } from './source.ts'

export const artifactsTopic = (artifacts: ArtifactService, engines: EnginePool, log: Log): Service =>
  implement(artifactsContract, {
    watch: () =>
      source(
        () => {
          // Whoever looks wants to know what is still there; the answers follow as changes.
          for (const { host } of engines.all()) {
            artifacts.refresh(host).catch((error: unknown) => log.warn('artifacts.refreshFailed', { host, error }))
          }
          return artifacts.list()
        },
        (emit) => artifacts.onChange(emit),
      ),
    add: ({ host, kind, path }) => artifacts.add(host, kind, path),
    forget: ({ id }) => {
      artifacts.forget(id)
      return {}
    },
    inspectCheckpoint: async ({ host, path }, { signal }) =>
      (await engines.of(host).client(checkpoints, signal)).inspect({ path }, { signal }),
    tensorStatistics: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(checkpoints, signal)).statistics(input, { signal }),
  })

export const datasetsTopic = (engines: EnginePool): Service =>
  implement(datasetsContract, {
    columns: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(datasets, signal)).columns(input, { signal }),
    preview: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(datasets, signal)).preview(input, { signal }),
    inspect: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(datasets, signal)).inspect(input, { signal }),
    previewRecords: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(datasets, signal)).previewRecords(input, { signal }),
    rejected: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(datasets, signal)).rejected(input, { signal }),
  })
