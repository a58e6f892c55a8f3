import type { ForwardSettings, ForwardView } from '#contract/index.ts'

export const LOOPBACK = '127.0.0.1'

/** What the editor shows: texts as typed. */
export interface ForwardValues {
  kind: ForwardSettings['kind']
  name: string
  address: string
  /** Empty takes any port that is free. */
  port: string
  targetHost: string
  targetPort: string
  isAutomatic: boolean
}

export type ForwardProblem = 'required' | 'badPort' | 'badAddress'
export type ForwardProblems = Partial<Record<keyof ForwardValues, ForwardProblem>>

export function forwardValues(forward: ForwardView | null): ForwardValues {
  const settings = forward?.settings
  const target = settings && settings.kind !== 'dynamic' ? settings.target : undefined
  return {
    kind: settings?.kind ?? 'local',
    name: settings?.name ?? '',
    address: settings?.listen.address ?? LOOPBACK,
    port: settings && settings.listen.port !== 0 ? String(settings.listen.port) : '',
    targetHost: target?.host ?? LOOPBACK,
    targetPort: target ? String(target.port) : '',
    isAutomatic: settings?.isAutomatic ?? false,
  }
}

const isPort = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535
const isAddress = (text: string): boolean => /^[^\s-]\S*$/.test(text)

/** The settings, or what is wrong by field. */
export function forwardSettings(
  values: ForwardValues,
): { readonly settings: ForwardSettings } | { readonly problems: ForwardProblems } {
  const { kind, name, isAutomatic } = values
  const [address, port, targetHost, targetPort] = [
    values.address.trim(),
    values.port.trim(),
    values.targetHost.trim(),
    values.targetPort.trim(),
  ]
  const problems: ForwardProblems = {}
  if (!isAddress(address)) problems.address = address === '' ? 'required' : 'badAddress'
  if (port !== '' && !isPort(port)) problems.port = 'badPort'
  if (kind !== 'dynamic') {
    if (!isAddress(targetHost)) problems.targetHost = targetHost === '' ? 'required' : 'badAddress'
    if (!isPort(targetPort)) problems.targetPort = targetPort === '' ? 'required' : 'badPort'
  }
  if (Object.keys(problems).length > 0) return { problems }
  const common = { name: name.trim(), listen: { address, port: Number(port || '0') }, isAutomatic }
  if (kind === 'dynamic') return { settings: { kind, ...common } }
  return { settings: { kind, ...common, target: { host: targetHost, port: Number(targetPort) } } }
}
