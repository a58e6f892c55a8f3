import { z } from 'zod'
import {
  ArtifactId,
  ArtifactKind,
  CheckpointSummary,
  HostId,
  Passport,
  RunId,
  TensorInfo,
  Timestamp,
} from '#engine/protocol/index.ts'
import { checkpoints as engineCheckpoints } from '#engine/protocol/checkpoints.ts'
import { datasets as engineDatasets } from '#engine/protocol/datasets.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

export const ArtifactView = z.object({
  id: ArtifactId,
  host: HostId,
  kind: ArtifactKind,
  /** Folder of a checkpoint, prefix of a dataset. */
  path: z.string(),
  name: z.string(),
  passport: Passport.nullable(),
  run: RunId.nullable(),
  /** Artifacts it was made from. */
  parents: z.array(ArtifactId),
  createdAt: Timestamp,
  /** False when the last look found nothing at the path. */
  exists: z.boolean(),
})
export type ArtifactView = z.infer<typeof ArtifactView>

export const artifacts = topic('artifacts', {
  watch: state(
    z.object({}),
    z.array(ArtifactView),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('changed'), artifact: ArtifactView }),
      z.object({ kind: z.literal('removed'), id: ArtifactId }),
    ]),
  ),
  /** Takes a checkpoint folder or dataset prefix that was not made here into the list. */
  add: call(z.object({ host: HostId, kind: z.enum(['checkpoint', 'dataset']), path: z.string() }), ArtifactView),
  /** Takes it off the list; files are not touched. */
  forget: call(z.object({ id: ArtifactId }), z.object({})),
  inspectCheckpoint: call(
    z.object({ host: HostId, path: z.string() }),
    CheckpointSummary.extend({ tensors: z.array(TensorInfo) }),
  ),
  /** What the elements of a stored tensor are like. */
  tensorStatistics: call(
    engineCheckpoints.members.statistics.input.extend({ host: HostId }),
    engineCheckpoints.members.statistics.output,
  ),
})

const host = z.object({ host: HostId })

/** The engine's dataset calls, on a chosen host. */
export const datasets = topic('datasets', {
  columns: call(engineDatasets.members.columns.input.extend(host.shape), engineDatasets.members.columns.output),
  preview: call(engineDatasets.members.preview.input.extend(host.shape), engineDatasets.members.preview.output),
  inspect: call(engineDatasets.members.inspect.input.extend(host.shape), engineDatasets.members.inspect.output),
  previewRecords: call(
    engineDatasets.members.previewRecords.input.extend(host.shape),
    engineDatasets.members.previewRecords.output,
  ),
  rejected: call(engineDatasets.members.rejected.input.extend(host.shape), engineDatasets.members.rejected.output),
})
