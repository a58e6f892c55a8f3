import { z } from 'zod'
import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import type { HubClient } from './client.ts'
import { askJson } from './json.ts'
import { escapePath, named, type Hub, type HubFile } from './repository.ts'

export const HUGGING_FACE = 'https://huggingface.co'
export const HUGGING_FACE_TOKEN = 'HF_TOKEN'

const Revision = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) })
const Tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().int().nonnegative().optional(),
    /** Git's name of the blob: sha1 over a header and the content. For a large file it names its pointer. */
    oid: z.string().optional(),
    lfs: z.object({ oid: z.string(), size: z.number().int().nonnegative() }).optional(),
  }),
)

/** A hub with Hugging Face's web interface: `/api/{models,datasets}/…/tree` and `/resolve/`. */
export function huggingFaceHub(spec: HubDownloadSpec, client: HubClient): Hub {
  const { kind, repository } = spec
  const { endpoint } = client
  const revision = spec.revision ?? 'main'
  const api = `${endpoint}/api/${kind}s/${escapePath(repository)}`
  const question = {
    hub: 'huggingface' as const,
    tokenVariable: HUGGING_FACE_TOKEN,
    about: named(spec, { endpoint, revision }),
  }
  return {
    endpoint,
    revision,
    tokenVariable: HUGGING_FACE_TOKEN,
    async list(signal) {
      const pinned = new URL(`${api}/revision/${encodeURIComponent(revision)}`)
      const { sha } = (await askJson(client, pinned, Revision, question, signal)).value
      const files: HubFile[] = []
      let page: URL | undefined = new URL(`${api}/tree/${sha}?recursive=true`)
      while (page !== undefined) {
        const { value, headers }: { value: z.infer<typeof Tree>; headers: Record<string, unknown> } = await askJson(
          client,
          page,
          Tree,
          question,
          signal,
        )
        files.push(...value.filter(({ type }) => type === 'file').map(toFile))
        page = nextPage(headers['link'], page)
      }
      return { commit: sha, files }
    },
    fileUrl(commit, path) {
      const prefix = kind === 'dataset' ? '/datasets' : ''
      return new URL(`${endpoint}${prefix}/${escapePath(repository)}/resolve/${commit}/${escapePath(path)}`)
    },
  }
}

function toFile({ path, size, oid, lfs }: z.infer<typeof Tree>[number]): HubFile {
  if (lfs !== undefined) return { path, bytes: lfs.size, digest: { kind: 'sha256', hex: lfs.oid } }
  const digest = oid === undefined ? {} : { digest: { kind: 'gitSha1', hex: oid } as const }
  return { path, bytes: size ?? 0, ...digest }
}

/** The address behind `rel="next"` of a Link header; the API gives a thousand entries at a time. */
function nextPage(link: unknown, page: URL): URL | undefined {
  const [, address] = /<([^>]+)>;\s*rel="next"/.exec(typeof link === 'string' ? link : '') ?? []
  if (address === undefined) return undefined
  const next = new URL(address, page)
  // Mirrors hand on the original's header: what follows is asked of the mirror all the same.
  return new URL(`${page.origin}${next.pathname}${next.search}`)
}
