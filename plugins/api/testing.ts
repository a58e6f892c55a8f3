import type { HostFacts } from '#engine/protocol/host.ts'
import type { Plan, Step } from '#engine/protocol/plan.ts'
import type { PlanInput } from './family.ts'

/** Facts of a host without NPUs, for tests; `over` replaces any of them. */
export function factsForTest(over: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname: 'host',
    platform: 'linux',
    arch: 'x64',
    release: '5.10',
    cpuModel: 'CPU',
    cores: 8,
    memoryBytes: 64 * 1024 ** 3,
    freeMemoryBytes: 32 * 1024 ** 3,
    nodeVersion: 'v24.0.0',
    bootId: 'boot',
    user: 'user',
    dirs: { home: '/home/user', state: '/home/user/.state', workspace: '/home/user/workspace', sample: '/opt/sample' },
    workspaceFreeBytes: 1024 ** 4,
    npus: [],
    ...over,
  }
}

/** A plan's input with only what a test is about. */
export const inputForTest = (
  values: PlanInput['values'],
  over: Partial<Omit<PlanInput, 'values'>> = {},
): PlanInput => ({
  values,
  facts: factsForTest(),
  artifacts: {},
  ...over,
})

/** A plan as text for a snapshot: what a reviewer has to read, in the order the page shows it. */
export function planText(plan: Plan): string {
  const lines = [`${plan.title.en} | ${plan.title['zh-CN']}${plan.previewOnly ? ' (preview only)' : ''}`]
  for (const { level, code, field, text } of plan.findings) {
    lines.push(`${level} ${code}${field === undefined ? '' : ` @${field}`}`, `  ${text.en}`, `  ${text['zh-CN']}`)
  }
  if (plan.estimate) lines.push(`estimate ${JSON.stringify(plan.estimate)}`)
  for (const { path, content, nodes } of plan.files) lines.push(`file ${path} (${nodes})`, content)
  for (const step of plan.steps) lines.push(...stepText(step))
  for (const { kind, path, bytes, title } of plan.outputs) {
    lines.push(
      `output ${kind} ${path}${bytes === undefined ? '' : ` ${bytes} bytes`} | ${title.en} | ${title['zh-CN']}`,
    )
  }
  return `${lines.join('\n')}\n`
}

function stepText(step: Step): string[] {
  const head = `step ${step.id} | ${step.title.en} | ${step.title['zh-CN']}`
  if (step.kind === 'task') return [head, `task ${step.task} ${JSON.stringify(step.spec, null, 2)}`]
  const restart = step.mayNeedRestart ? ', 75 asks for a restart' : ''
  return [head, `script on the ${step.where}, ${step.nodes} nodes, log ${step.log ?? 'plain'}${restart}`, step.script]
}
