/** Why a row cannot become a sample. The names go into passports and side files, so they stay as they are. */
export const rejectionReasons = {
  notJson: 'the line is not valid JSON',
  badEncoding: 'the row is not valid UTF-8',
  tooLarge: 'the row is larger than 64 MiB',
  notObject: 'the row is not an object with columns',
  badType: 'a mapped column holds neither text nor nothing',
  badHistory: 'the history is not a list of question and answer pairs',
  noResponse: 'the response is missing',
  severalResponses: 'the response is a list of several answers',
  tooLong: 'it has as many tokens as the sequence length, or more',
} as const

export type RejectionReason = keyof typeof rejectionReasons

/** A row set aside, with what exactly is wrong where the reason alone does not tell. */
export interface Rejection {
  reason: RejectionReason
  detail?: string
}
