import { AppError } from '../protocol/errors/index.ts'
import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'

/** A file of a repository as its hub lists it. */
export interface HubFile {
  /** Relative, with `/`. */
  readonly path: string
  readonly bytes: number
  /** What the content must hash to, where the hub says it: its own sha256, or git's name of the blob. */
  readonly digest?: { readonly kind: 'sha256' | 'gitSha1'; readonly hex: string }
}

/** The state of a repository at one revision. */
export interface Listing {
  /** The commit that the revision stands for, or the revision where the hub does not tell. */
  readonly commit: string
  readonly files: readonly HubFile[]
}

/** How a hub's web interface names its addresses. */
export interface Hub {
  readonly endpoint: string
  /** Variable of the environment that holds the access token. */
  readonly tokenVariable: string
  readonly revision: string
  /** @throws AppError `hub.notFound`, `hub.denied`, `hub.unreachable`, `hub.unexpected` */
  list(signal: AbortSignal): Promise<Listing>
  fileUrl(commit: string, path: string): URL
}

/**
 * A path that stays inside the folder it is joined to, on every system.
 * @throws AppError `hub.unsafePath`
 */
export function assertSafePath(repository: string, path: string): void {
  const parts = path.split('/')
  const isSafe =
    path !== '' &&
    !/[\\:\0]/.test(path) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..') &&
    parts.length < 64
  if (!isSafe) throw new AppError('hub.unsafePath', { repository, path })
}

/** Each part of `owner/name` or of a path in a repository, escaped for an address. */
export const escapePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/** What errors say about the repository that was asked for. */
export const named = (
  { kind, repository }: HubDownloadSpec,
  { endpoint, revision }: Pick<Hub, 'endpoint' | 'revision'>,
) => ({ kind, repository, endpoint, revision }) as const
