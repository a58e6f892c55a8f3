import type { RejectionReason } from '../protocol/rejections.ts'

export { rejectionReasons, type RejectionReason } from '../protocol/rejections.ts'

/** A row set aside, with what exactly is wrong where the reason alone does not tell. */
export interface Rejection {
  reason: RejectionReason
  detail?: string
}
