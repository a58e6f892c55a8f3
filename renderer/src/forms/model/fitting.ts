import type { ArtifactView } from '#contract/artifacts.ts'
import type { HostId } from '#engine/protocol/index.ts'
import type { Widget } from './fields.ts'

/** What a field can be filled with: the artifacts of its kind that are still there on the host, newest first. */
export function fittingArtifacts(artifacts: readonly ArtifactView[], host: HostId, widget: Widget): ArtifactView[] {
  return artifacts
    .filter((artifact) => artifact.host === host && artifact.kind === widget && artifact.exists)
    .sort((a, b) => b.createdAt - a.createdAt)
}
