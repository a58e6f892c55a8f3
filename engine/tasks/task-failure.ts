import { AppError, type ErrorCode, type ErrorParams } from '../protocol/errors/index.ts'

/** A task that failed and has a result all the same: what was found out until then, or why it failed in detail. */
export class TaskFailure extends AppError {
  readonly result: Record<string, unknown>

  constructor(code: ErrorCode, params: ErrorParams, result: Record<string, unknown>) {
    super(code, params)
    this.result = result
  }
}
