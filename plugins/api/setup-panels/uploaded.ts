import type { PlanInput } from '../family.ts'
import { error, type Finding } from '../findings.ts'
import { text } from '../text.ts'

const says = text('There is nothing. Upload it in the tab Files of the host.', '不存在。请在主机的“文件”页上传。')

/** An error for each of these fields whose path leads to nothing on the host. */
export const notUploaded = ({ paths }: Pick<PlanInput, 'paths'>, ...fields: readonly string[]): Finding[] =>
  fields.filter((field) => paths?.[field] === null).map((field) => error('setup.missing', says, field))
