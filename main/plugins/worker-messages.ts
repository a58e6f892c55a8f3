import type { PluginLimits } from './limits.ts'

/** What a worker is started with. */
export interface WorkerSetup {
  readonly script: string
  readonly limits: PluginLimits
}

export interface CallMessage {
  readonly id: number
  /** Name of an exported function of the script. */
  readonly name: string
  /** The function's one argument. */
  readonly inputJson: string
}

/** Why a call gave no answer. Every failure but `threw` and `answer` ends the worker. */
export type CallFailure =
  | { readonly kind: 'timeout' | 'memory' | 'stack' | 'payload' }
  | { readonly kind: 'threw' | 'answer'; readonly reason: string }

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answerJson: string }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: CallFailure }
