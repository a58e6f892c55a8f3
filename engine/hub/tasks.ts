import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import type { Task } from '../tasks/context.ts'
import { HubClient } from './client.ts'
import { downloadRepository } from './download.ts'
import { HUGGING_FACE, HUGGING_FACE_TOKEN, huggingFaceHub } from './huggingface.ts'
import { MODELSCOPE, MODELSCOPE_TOKEN, modelScopeHub } from './modelscope.ts'

/** Downloads a repository; its token comes from the environment, never from the spec, which lies in a job's folder. */
export const downloadFromHub: Task<HubDownloadSpec> = async (spec, context) => {
  const isHuggingFace = spec.hub === 'huggingface'
  const variable = isHuggingFace ? 'HF_ENDPOINT' : 'MODELSCOPE_ENDPOINT'
  const endpoint = spec.endpoint ?? process.env[variable] ?? (isHuggingFace ? HUGGING_FACE : MODELSCOPE)
  const client = new HubClient({
    endpoint: endpoint.replace(/\/+$/, ''),
    proxy: spec.proxy,
    token: process.env[isHuggingFace ? HUGGING_FACE_TOKEN : MODELSCOPE_TOKEN],
    connections: spec.parallel,
  })
  try {
    const hub = isHuggingFace ? huggingFaceHub(spec, client) : modelScopeHub(spec, client)
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
