/** A worker thread that holds one plugin: a QuickJS module with a fixed memory, one runtime per call. */
import { parentPort, workerData } from 'node:worker_threads'
import { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } from 'quickjs-emscripten'
import { callInQuickJs } from './quickjs-call.ts'
import type { CallMessage, WorkerMessage, WorkerSetup } from './worker-messages.ts'

const INITIAL_PAGES = 256

const port = parentPort
if (port === null) throw new Error('started outside of a worker thread')
const { script, limits } = workerData as WorkerSetup
const post = (message: WorkerMessage) => port.postMessage(message)

// The maximum is what really bounds a script: the heap limit counts bytes in use, not what the allocator asks for.
const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: limits.memoryPages, shared: false })
const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmMemory }))

port.on('message', (message: CallMessage) => {
  const { id } = message
  const outcome = callInQuickJs(quickJs, script, message, limits)
  if ('failure' in outcome) post({ kind: 'failure', id, failure: outcome.failure })
  else post({ kind: 'answer', id, answerJson: outcome.answerJson })
})
post({ kind: 'ready' })
