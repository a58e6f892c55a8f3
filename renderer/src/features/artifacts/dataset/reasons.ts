import { rejectionReasons } from '#engine/protocol/rejections.ts'
import { text } from '@/i18n/index.ts'

const texts = new Map(Object.entries(rejectionReasons))

/** Why rows were set aside, in words; a reason of another version shows by its name. */
export const reasonText = (reason: string): string => {
  const known = texts.get(reason)
  return known === undefined ? reason : text(known)
}
