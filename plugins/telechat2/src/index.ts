/** The plugin's script: the plan functions that the manifest's panels name. */
import { mindRecord } from './data/panels.ts'
import { convert } from './weights.ts'

export { family } from './family.ts'

export const planConvert = convert.plan
export const planMindRecord = mindRecord.plan
