import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten'
import type { PluginLimits } from './limits.ts'
import type { CallFailure, CallMessage } from './worker-messages.ts'

type Outcome = { readonly answerJson: string } | { readonly failure: CallFailure }

const MAX_REASON = 500

/**
 * Calls one exported function of a script in a runtime of its own: nothing of an earlier call is there, and nothing of
 * this one stays. The script has no clock, no random numbers and no host functions. Input and answer are JSON.
 */
export function callInQuickJs(
  quickJs: QuickJSWASMModule,
  script: string,
  { name, inputJson }: CallMessage,
  limits: PluginLimits,
): Outcome {
  const runtime = quickJs.newRuntime()
  const deadline = performance.now() + limits.callMs
  let isInterrupted = false
  runtime.setMemoryLimit(limits.heapBytes)
  runtime.setMaxStackSize(limits.stackBytes)
  runtime.setInterruptHandler(() => (isInterrupted = performance.now() > deadline))
  const context = runtime.newContext({ intrinsics: { ...pureIntrinsics } })
  try {
    return new Call(runtime, context, limits).run(script, name, inputJson)
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error
    return { failure: isInterrupted ? { kind: 'timeout' } : error.failure }
  }
  // The runtime is not freed: after a failure QuickJS may hold references, and freeing then aborts the module. A worker
  // that made few calls gives its memory back by ending; see the worker.
}
