import { AUTH_METHODS, HostDraft, type AuthMethod, type HostView } from '#contract/index.ts'

/** What the editor shows: texts as typed. */
export interface EditorValues {
  name: string
  address: string
  port: string
  user: string
  tags: string
  auth: AuthMethod[]
  keys: string
  identitiesOnly: boolean
  jump: string | null
  proxyKind: 'none' | 'socks5' | 'http'
  proxyHost: string
  proxyPort: string
  proxyUser: string
  engineDir: string
  isAutomatic: boolean
}

export function editorValues(host: HostView | null): EditorValues {
  const ssh = host?.ssh
  const settings = ssh?.settings
  return {
    name: host?.name.en ?? '',
    address: settings?.address ?? '',
    port: String(settings?.port ?? 22),
    user: settings?.user ?? '',
    tags: ssh?.tags.join(', ') ?? '',
    auth: [...(settings?.auth ?? AUTH_METHODS)],
    keys: settings?.keys.join('\n') ?? '',
    identitiesOnly: settings?.identitiesOnly ?? false,
    jump: settings?.jump ?? null,
    proxyKind: settings?.proxy?.kind ?? 'none',
    proxyHost: settings?.proxy?.host ?? '',
    proxyPort: String(settings?.proxy?.port ?? ''),
    proxyUser: settings?.proxy?.user ?? '',
    engineDir: settings?.engineDir ?? '',
    isAutomatic: ssh?.isAutomatic ?? false,
  }
}

export type EditorProblem = 'required' | 'badPort'
export type EditorProblems = Partial<Record<keyof EditorValues, EditorProblem>>

/** The draft, or what is wrong by field. What the editor does not show (the agent's socket) stays as it was. */
export function draftOf(
  values: EditorValues,
  host: HostView | null,
): { readonly draft: HostDraft } | { readonly problems: EditorProblems } {
  const problems: EditorProblems = {}
  const isPort = (text: string) => /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= 65535
  for (const field of ['address', 'user'] as const) if (values[field].trim() === '') problems[field] = 'required'
  if (!isPort(values.port)) problems.port = 'badPort'
  if (values.auth.length === 0) problems.auth = 'required'
  const hasProxy = values.proxyKind !== 'none'
  if (hasProxy && values.proxyHost.trim() === '') problems.proxyHost = 'required'
  if (hasProxy && !isPort(values.proxyPort)) problems.proxyPort = 'badPort'
  if (Object.keys(problems).length > 0) return { problems }
  const split = (text: string, by: RegExp) =>
    text
      .split(by)
      .map((part) => part.trim())
      .filter(Boolean)
  const settings = host?.ssh?.settings
  const draft = {
    name: values.name.trim() || values.address.trim(),
    tags: split(values.tags, /[,，]/),
    isAutomatic: values.isAutomatic,
    ssh: {
      ...settings,
      address: values.address.trim(),
      port: Number(values.port),
      user: values.user.trim(),
      auth: values.auth,
      keys: split(values.keys, /\n/),
      identitiesOnly: values.identitiesOnly,
      jump: values.jump,
      proxy: hasProxy
        ? {
            kind: values.proxyKind,
            host: values.proxyHost.trim(),
            port: Number(values.proxyPort),
            ...(values.proxyUser.trim() ? { user: values.proxyUser.trim() } : {}),
          }
        : null,
      engineDir: values.engineDir.trim() || null,
    },
  }
  return { draft: HostDraft.parse(draft) }
}

/** The hosts that one can go through to reach another without coming back to it. */
export function possibleJumps(hosts: readonly HostView[], host: HostView | null): HostView[] {
  const byId = new Map(hosts.map((one) => [one.id as string, one]))
  const leadsBack = (start: HostView): boolean => {
    const seen = new Set<string>()
    for (let next: HostView | undefined = start; next && !seen.has(next.id);) {
      if (next.id === host?.id) return true
      seen.add(next.id)
      next = next.ssh?.settings.jump ? byId.get(next.ssh.settings.jump) : undefined
    }
    return false
  }
  return hosts.filter((one) => one.ssh && !leadsBack(one))
}

/** Whether a host fits what was typed into the search: every word in its name, address, user or tags. */
export function fitsSearch(host: HostView, search: string): boolean {
  const { ssh } = host
  const text = [host.name.en, host.name['zh-CN'], ssh?.settings.address, ssh?.settings.user, ...(ssh?.tags ?? [])]
    .join('\n')
    .toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
