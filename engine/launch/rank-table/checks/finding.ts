import type { Finding } from '../../../protocol/plan.ts'
import type { RankTable } from '../rank-table.ts'

/** What a rank table does not hold of a device's network. */
export interface DeviceNetwork {
  readonly netmask: string | null
  readonly gateway: string | null
}

export interface CheckedServer {
  readonly id: string
  /** How findings call it: its id, with the name of the host where that is known. */
  readonly label: string
  readonly devices: RankTable['server_list'][number]['device']
  /** By device number, where they are known. */
  readonly networks: ReadonlyMap<string, DeviceNetwork>
}

export const error = (code: string, en: string, zh: string): Finding => finding('error', code, en, zh)
export const warning = (code: string, en: string, zh: string): Finding => finding('warning', code, en, zh)

const finding = (level: Finding['level'], code: string, en: string, zh: string): Finding => ({
  level,
  code: `rankTable.${code}`,
  text: { en, 'zh-CN': zh },
})

/** Values that appear more than once, each one time, in order. */
export const repeated = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, at) => values.indexOf(value) !== at)),
]
