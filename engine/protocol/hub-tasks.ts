import { z } from 'zod'

/**
 * The web interfaces of repositories that are spoken; mirrors speak one of them at another address. `address` is a file
 * on any web server.
 */
export const HubStyle = z.enum(['huggingface', 'modelscope', 'address'])
export type HubStyle = z.infer<typeof HubStyle>

const fields = z.object({
  hub: HubStyle.default('huggingface'),
  kind: z.enum(['model', 'dataset']),
  /** `owner/name`, as the hub's pages show it; for `address` the URL of the file. */
  repository: z.string().min(1),
  /** Branch, tag or commit; without it the hub's main branch. */
  revision: z
    .string()
    .regex(/^[\w./-]+$/)
    .optional(),
  /** Address of a mirror; without it `HF_ENDPOINT` or `MODELSCOPE_ENDPOINT`, else the hub itself. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  /** Glob patterns of paths in the repository: what to take (default all) and what to leave. */
  include: z.array(z.string().min(1)).default([]),
  exclude: z.array(z.string().min(1)).default([]),
  /** A new folder. It appears when everything is there and checked. */
  output: z.string(),
  /** An HTTP proxy; without it `https_proxy`, `http_proxy` and `no_proxy` of the environment. */
  proxy: z.url({ protocol: /^https?$/ }).optional(),
  /** For a host without a network: the workbench's computer asks in its place, while it is connected. */
  relay: z.boolean().default(false),
  /** Connections at a time. */
  parallel: z.number().int().min(1).max(32).default(4),
})

const isRepository = (name: string): boolean => /^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)?$/.test(name)
const isAddress = (text: string): boolean => z.url({ protocol: /^https?$/ }).safeParse(text).success

/** Brings a repository of a model or a dataset, or one file of a web server, to this machine. */
export const HubDownloadSpec = fields.superRefine(({ hub, repository }, context) => {
  if (hub === 'address' ? isAddress(repository) : isRepository(repository)) return
  const message = hub === 'address' ? 'expected http:// or https://' : 'expected owner/name'
  context.addIssue({ code: 'custom', path: ['repository'], message })
})
export type HubDownloadSpec = z.infer<typeof HubDownloadSpec>
