import { HubDownloadSpec } from '#engine/protocol/hub-tasks.ts'
import type { Plan } from '#engine/protocol/plan.ts'

/** Where hubs are that a plan does not give another address for. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  huggingface: ['https://huggingface.co'],
  modelscope: ['https://www.modelscope.cn'],
}

/** Origins that the downloads of a plan may ask for through this computer. */
export function relayOrigins(plan: Plan): string[] {
  return plan.steps.flatMap((step) => {
    if (step.kind !== 'task' || step.task !== 'hub.download') return []
    const spec = HubDownloadSpec.safeParse(step.spec)
    if (!spec.success || !spec.data.relay) return []
    const { hub, endpoint, repository } = spec.data
    if (hub === 'address') return [new URL(repository).origin]
    return endpoint === undefined ? [...(HOMES[hub] ?? [])] : [new URL(endpoint).origin]
  })
}
