import type { ArtifactView } from '#contract/artifacts.ts'

/** Bytes of an artifact as its passport tells them; null without one. */
export function bytesOf(artifact: Pick<ArtifactView, 'passport'>): number | null {
  const { passport } = artifact
  if (!passport) return null
  if (passport.kind === 'checkpoint') return passport.totalBytes
  return Object.values(passport.files).reduce((sum, file) => sum + file.bytes, 0)
}

export type ArtifactFilter = 'all' | 'checkpoint' | 'dataset'

/** Artifacts of a kind whose name or path holds `query`, the newest first. */
export function filterArtifacts(
  artifacts: readonly ArtifactView[],
  filter: ArtifactFilter,
  query: string,
): ArtifactView[] {
  const wanted = query.trim().toLowerCase()
  return artifacts
    .filter((artifact) => filter === 'all' || artifact.kind === filter)
    .filter((artifact) => `${artifact.name} ${artifact.path}`.toLowerCase().includes(wanted))
    .sort((a, b) => b.createdAt - a.createdAt)
}

export const childrenOf = (artifacts: readonly ArtifactView[], id: string): ArtifactView[] =>
  artifacts.filter((artifact) => artifact.parents.some((parent) => parent === id))
