import { z } from 'zod'
import type { Locale, Text } from '../text.ts'
import { chatErrors } from './chat.ts'
import { checkpointErrors } from './checkpoint.ts'
import { convertCkptErrors } from './convert-ckpt.ts'
import { commonErrors } from './common.ts'
import { datasetErrors } from './dataset.ts'
import { familyErrors } from './family.ts'
import { deployErrors } from './deploy.ts'
import { hostErrors } from './host.ts'
import { hubErrors } from './hub.ts'
import { jobErrors } from './jobs.ts'
import { linkErrors } from './links.ts'
import { mainErrors } from './main.ts'
import { mindsporeErrors } from './mindspore.ts'
import { pageErrors } from './page.ts'
import { pluginErrors } from './plugins.ts'
import { terminalErrors } from './terminals.ts'
import { trainErrors } from './train.ts'
import { transferErrors } from './transfers.ts'

/**
 * Every code an error can carry across a border, with its text in both languages. `{name}` in a text is a parameter.
 * A text says what happened, why, and what to do next.
 */
export const errorTexts = {
  ...commonErrors,
  ...checkpointErrors,
  ...convertCkptErrors,
  ...chatErrors,
  ...datasetErrors,
  ...familyErrors,
  ...deployErrors,
  ...hostErrors,
  ...hubErrors,
  ...jobErrors,
  ...linkErrors,
  ...mainErrors,
  ...mindsporeErrors,
  ...pageErrors,
  ...pluginErrors,
  ...terminalErrors,
  ...trainErrors,
  ...transferErrors,
} as const satisfies Record<string, Text>

export type ErrorCode = keyof typeof errorTexts
export type ErrorParams = Record<string, string | number>

/** An error as it crosses a border or lies in a journal. Unknown codes of a newer side stay readable by `message`. */
export const CodedError = z.object({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  message: z.string(),
})
export type CodedError = z.infer<typeof CodedError>

/** An expected failure with a code; everything else that is thrown is a defect and crosses borders as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly params: ErrorParams

  constructor(code: ErrorCode, params: ErrorParams = {}, options?: ErrorOptions) {
    super(formatError(code, params, 'en'), options)
    this.code = code
    this.params = params
  }
}

/** The text of a code in a language, parameters filled in. A parameter that is missing stays visible as `{name}`. */
export function formatError(code: ErrorCode, params: ErrorParams, locale: Locale): string {
  return errorTexts[code][locale].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
}

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTexts, code)

/** Any thrown value as it may cross a border. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof AppError) return { code: error.code, params: error.params, message: error.message }
  const reason = error instanceof Error ? error.message : String(error)
  return { code: 'internal', params: { reason }, message: formatError('internal', { reason }, 'en') }
}

/** The error that a far side sent, as a local one. Codes that this version does not know become `internal`. */
export function fromCodedError(error: CodedError): AppError {
  return isErrorCode(error.code)
    ? new AppError(error.code, error.params)
    : new AppError('internal', { reason: error.message })
}

/** A coded error for people, in their language. */
export function describeError(error: CodedError, locale: Locale): string {
  return isErrorCode(error.code) ? formatError(error.code, error.params, locale) : error.message
}
