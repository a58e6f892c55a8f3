import { expect, it } from 'vitest'
import type { Plan } from '#engine/protocol/plan.ts'
import { relayOrigins } from '#main/relay/allowed.ts'

const planOf = (spec: Record<string, unknown>): Plan => ({
  title: { en: '', 'zh-CN': '' },
  findings: [],
  files: [],
  outputs: [],
  steps: [{ kind: 'task', id: 'download', title: { en: '', 'zh-CN': '' }, task: 'hub.download', spec }],
})
const spec = { kind: 'model', repository: 'a/b', output: '/x', relay: true }

it.each([
  [spec, ['https://huggingface.co']],
  [{ ...spec, hub: 'modelscope' }, ['https://www.modelscope.cn']],
  [{ ...spec, endpoint: 'https://mirror.example:8443/hub' }, ['https://mirror.example:8443']],
  [{ ...spec, hub: 'address', repository: 'http://files.example/a.ckpt' }, ['http://files.example']],
  [{ ...spec, relay: false }, []],
  [{ ...spec, repository: 'not a name' }, []],
])('%j may ask %j', (given, origins) => {
  expect(relayOrigins(planOf(given))).toEqual(origins)
})
