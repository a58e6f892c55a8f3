import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import type { Task } from '../tasks/context.ts'
import { addressHub } from './address.ts'
import { HubClient } from './client.ts'
import { downloadRepository } from './download.ts'
import { HUGGING_FACE, HUGGING_FACE_TOKEN, huggingFaceHub } from './huggingface.ts'
import { RELAY_TARGET, relaySocket } from './relay-door.ts'
import { MODELSCOPE, MODELSCOPE_TOKEN, modelScopeHub } from './modelscope.ts'

/** Where each style of hub is unless told otherwise, and which variables of the environment tell otherwise. */
const hubs = {
  huggingface: { home: HUGGING_FACE, variable: 'HF_ENDPOINT', token: HUGGING_FACE_TOKEN, create: huggingFaceHub },
  modelscope: { home: MODELSCOPE, variable: 'MODELSCOPE_ENDPOINT', token: MODELSCOPE_TOKEN, create: modelScopeHub },
} as const

/** Downloads a repository; its token comes from the environment, never from the spec, which lies in a job's folder. */
export const downloadFromHub: Task<HubDownloadSpec> = async (spec, context) => {
  const style = spec.hub === 'address' ? undefined : hubs[spec.hub]
  const endpoint =
    style === undefined
      ? new URL(spec.repository).origin
      : (spec.endpoint ?? process.env[style.variable] ?? style.home).replace(/\/+$/, '')
  const client = new HubClient({
    endpoint,
    proxy: spec.proxy,
    token: style === undefined ? undefined : process.env[style.token],
    connections: spec.parallel,
    relay: spec.relay ? { socket: relaySocket(), header: RELAY_TARGET } : undefined,
  })
  try {
    const hub = (style?.create ?? addressHub)(spec, client)
    const startedAt = performance.now()
    const { output, commit, files, bytes, unchecked } = await downloadRepository(spec, hub, client, context)
    const seconds = Math.max(0.001, (performance.now() - startedAt) / 1000)
    context.log(`${files} files, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s to ${output}`)
    context.log(
      unchecked === 0
        ? 'every file has the checksum that the hub names'
        : `the hub names no checksum of ${unchecked} files; their sizes are right`,
    )
    if (spec.kind === 'model') context.artifact({ kind: 'checkpoint', path: output })
    return { output, commit, files, bytes, unchecked }
  } finally {
    await client.close()
  }
}
