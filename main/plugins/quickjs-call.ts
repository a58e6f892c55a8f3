import {
  DefaultIntrinsics,
  Scope,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
} from 'quickjs-emscripten'
import type { PluginLimits } from './limits.ts'
import type { CallFailure, CallMessage } from './worker-messages.ts'

export type Outcome = { readonly answerJson: string } | { readonly failure: CallFailure }

const LONGEST_REASON = 500

class ScriptFailure extends Error {
  readonly failure: CallFailure

  constructor(failure: CallFailure) {
    super(failure.kind)
    this.failure = failure
  }
}

/**
 * Calls one exported function of a script in a runtime of its own: nothing of an earlier call is there, and nothing of
 * this one stays. The script has no clock, no random numbers and no host functions. Input and answer are JSON.
 * Throws only where the sandbox itself broke; it must not be used again then.
 */
export function callInQuickJs(
  quickJs: QuickJSWASMModule,
  script: string,
  message: CallMessage,
  limits: PluginLimits,
): Outcome {
  const deadline = performance.now() + limits.callMs
  let isInterrupted = false
  return Scope.withScope((scope) => {
    const runtime = scope.manage(quickJs.newRuntime())
    runtime.setMemoryLimit(limits.heapBytes)
    runtime.setMaxStackSize(limits.stackBytes)
    runtime.setInterruptHandler(() => (isInterrupted = performance.now() > deadline))
    const context = scope.manage(runtime.newContext({ intrinsics: { ...DefaultIntrinsics, Date: false } }))
    try {
      return { answerJson: callExport(scope, context, script, message, limits.payloadBytes) }
    } catch (error) {
      if (!(error instanceof ScriptFailure)) throw error
      return { failure: isInterrupted ? { kind: 'timeout' } : error.failure }
    }
  })
}

function callExport(
  scope: Scope,
  context: QuickJSContext,
  script: string,
  { name, inputJson }: CallMessage,
  payloadBytes: number,
): string {
  const unwrap = (result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle => {
    if (result.error) throw new ScriptFailure(failureOf(context, scope.manage(result.error)))
    return scope.manage(result.value)
  }
  const property = (object: QuickJSHandle, key: string) => scope.manage(context.getProp(object, key))

  unwrap(context.evalCode('delete Math.random'))
  // Taken before the script runs, so that it cannot put functions of its own in their place.
  const json = property(context.global, 'JSON')
  const parse = property(json, 'parse')
  const stringify = property(json, 'stringify')

  const exported = unwrap(context.evalCode(script, 'plugin.js', { type: 'module' }))
  const target = property(exported, name)
  if (context.typeof(target) !== 'function') throw answer(`the script exports no function ${name}`)
  const input = unwrap(context.callFunction(parse, context.undefined, scope.manage(context.newString(inputJson))))
  const value = unwrap(context.callFunction(target, context.undefined, input))
  const text = unwrap(context.callFunction(stringify, context.undefined, value))
  if (context.typeof(text) !== 'string') throw answer(`${name} returned no JSON value`)
  if (context.getNumber(property(text, 'length')) > payloadBytes) throw new ScriptFailure({ kind: 'payload' })
  return context.getString(text)
}

const answer = (reason: string) => new ScriptFailure({ kind: 'answer', reason })

/** What an exception of the script means. The engine's own errors cannot be told from imitations, which hurts nobody. */
function failureOf(context: QuickJSContext, error: QuickJSHandle): CallFailure {
  const dumped = dump(context, error)
  // Without memory left there is none for an error object either.
  if (dumped === null) return { kind: 'memory' }
  const { name, message } = (typeof dumped === 'object' ? dumped : { message: dumped }) as Record<string, unknown>
  if (name === 'InternalError' && message === 'out of memory') return { kind: 'memory' }
  if (name === 'InternalError' && message === 'stack overflow') return { kind: 'stack' }
  const reason = name === undefined ? String(message) : `${String(name)}: ${String(message)}`
  return { kind: 'threw', reason: reason.slice(0, LONGEST_REASON) }
}

/** The thrown value as data; a value that refuses to be looked at is named as such. */
function dump(context: QuickJSContext, error: QuickJSHandle): unknown {
  try {
    return context.dump(error) as unknown
  } catch {
    return 'an unreadable value was thrown'
  }
}
