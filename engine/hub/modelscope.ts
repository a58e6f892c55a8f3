import { z } from 'zod'
import { AppError } from '../protocol/errors/index.ts'
import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import type { HubClient } from './client.ts'
import { askJson } from './json.ts'
import { escapePath, named, type Hub, type HubFile } from './repository.ts'

export const MODELSCOPE = 'https://www.modelscope.cn'
export const MODELSCOPE_TOKEN = 'MODELSCOPE_API_TOKEN'

const PAGE_SIZE = 200
/** A repository with more pages than this is broken, or a server that repeats itself. */
const MAX_PAGES = 5000

const Entry = z.object({
  Path: z.string(),
  Type: z.enum(['blob', 'tree']),
  Size: z.number().int().nonnegative().nullish(),
  Sha256: z.string().nullish(),
})
const Files = z.object({
  Code: z.number().optional(),
  Data: z.object({ Files: z.array(Entry).nullish() }).nullish(),
})

/** A hub with ModelScope's web interface: `/api/v1/models/…/repo/files`, `/api/v1/datasets/…/repo/tree` and `/repo`. */
export function modelScopeHub(spec: HubDownloadSpec, client: HubClient): Hub {
  const { kind, repository } = spec
  const { endpoint } = client
  const revision = spec.revision ?? 'master'
  const api = `${endpoint}/api/v1/${kind}s/${escapePath(repository)}/repo`
  const question = {
    hub: 'modelscope' as const,
    tokenVariable: MODELSCOPE_TOKEN,
    about: named(spec, { endpoint, revision }),
  }

  /** One folder with what lies below it, as far as the server goes down by itself. */
  const listFolder = async (root: string, signal: AbortSignal): Promise<z.infer<typeof Entry>[]> => {
    const entries = new Map<string, z.infer<typeof Entry>>()
    for (let page = 1; page <= MAX_PAGES; page++) {
      const url = new URL(kind === 'model' ? `${api}/files` : `${api}/tree`)
      url.search = new URLSearchParams({
        Revision: revision,
        Root: root,
        Recursive: 'True',
        PageNumber: String(page),
        PageSize: String(PAGE_SIZE),
      }).toString()
      const { value } = await askJson(client, url, Files, question, signal)
      if (value.Code !== undefined && value.Code !== 200) throw new AppError('hub.notFound', question.about)
      const found = value.Data?.Files ?? []
      const known = entries.size
      for (const entry of found) entries.set(entry.Path, entry)
      // The list of a model is not cut into pages: each page is the whole of it.
      if (found.length < PAGE_SIZE || entries.size === known) break
    }
    return [...entries.values()]
  }

  return {
    endpoint,
    revision,
    tokenVariable: MODELSCOPE_TOKEN,
    async list(signal) {
      const files = new Map<string, HubFile>()
      const visited = new Set<string>()
      const folders = ['']
      for (let root = folders.pop(); root !== undefined; root = folders.pop()) {
        visited.add(root)
        const entries = await listFolder(root, signal)
        for (const entry of entries) if (entry.Type === 'blob') files.set(entry.Path, toFile(entry))
        // Some servers ignore `Recursive`: folders without a file below them are asked for one by one.
        for (const { Path, Type } of entries) {
          const isOpen =
            Type === 'tree' && !visited.has(Path) && !entries.some((other) => other.Path.startsWith(`${Path}/`))
          if (isOpen) folders.push(Path)
        }
      }
      return { commit: revision, files: [...files.values()] }
    },
    fileUrl(commit, path) {
      const url = new URL(api)
      url.search = new URLSearchParams({ Revision: commit, FilePath: path }).toString()
      return url
    },
  }
}

const toFile = ({ Path, Size, Sha256 }: z.infer<typeof Entry>): HubFile => ({
  path: Path,
  bytes: Size ?? 0,
  ...(typeof Sha256 === 'string' && Sha256 !== '' ? { digest: { kind: 'sha256', hex: Sha256.toLowerCase() } } : {}),
})
