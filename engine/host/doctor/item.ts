import type { DoctorItem, DoctorVerdict } from '../../protocol/doctor.ts'
import type { Text } from '../../protocol/text.ts'

export type Named = Pick<DoctorItem, 'id' | 'group' | 'title' | 'command'>
type Advice = readonly [reason: Text, remedy?: Text]

export const text = (en: string, zh: string): Text => ({ en, 'zh-CN': zh })

const of =
  (verdict: DoctorVerdict) =>
  (named: Named, value: string, ...[reason, remedy]: readonly [] | Advice): DoctorItem => ({
    ...named,
    verdict,
    value,
    ...(reason === undefined ? {} : { reason }),
    ...(remedy === undefined ? {} : { remedy }),
  })

export const ok = of('ok')
/** Good to know. */
export const note = of('note')
/** Works, but not as it should or not for everything. */
export const warning = of('warning')
/** Training or inference will fail. */
export const error = of('error')
/** Could not be told. */
export const unknown = of('unknown')
