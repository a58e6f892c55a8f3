import type { ArtifactSpec, Plan, PlanFile, Step, Text } from '#engine/protocol/index.ts'

export type CodeLanguage = 'bash' | 'yaml' | 'json' | 'ini' | 'python' | 'plain'

export interface PlanStepView {
  readonly id: string
  readonly title: Text
  readonly kind: Step['kind']
  /** Name of the task; null for a script. */
  readonly task: string | null
  /** Where the script runs; a task always runs on the host. */
  readonly where: 'host' | 'container'
  readonly nodes: 'first' | 'all'
  readonly code: string
  readonly language: CodeLanguage
}

export interface PlanFileView {
  readonly path: string
  readonly content: string
  readonly language: CodeLanguage
  readonly bytes: number
  readonly nodes: PlanFile['nodes']
}

export interface PlanWrite {
  readonly path: string
  readonly kind: ArtifactSpec['kind'] | 'file'
  readonly title: Text | null
  /** Null where the plan does not know it. */
  readonly bytes: number | null
}

const languages: Readonly<Record<string, CodeLanguage>> = {
  sh: 'bash',
  bash: 'bash',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  ini: 'ini',
  cfg: 'ini',
  toml: 'ini',
  env: 'ini',
  py: 'python',
}

export const languageOf = (path: string): CodeLanguage =>
  languages[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'plain'

/** The steps of a plan as text to read: a script as it is, a task as its spec. */
export function planSteps(plan: Plan): PlanStepView[] {
  return plan.steps.map((step) =>
    step.kind === 'task'
      ? {
          id: step.id,
          title: step.title,
          kind: step.kind,
          task: step.task,
          where: 'host',
          nodes: 'first',
          code: JSON.stringify(step.spec, null, 2),
          language: 'json',
        }
      : {
          id: step.id,
          title: step.title,
          kind: step.kind,
          task: null,
          where: step.where,
          nodes: step.nodes,
          code: step.script,
          language: 'bash',
        },
  )
}

export const planFiles = (plan: Plan): PlanFileView[] =>
  plan.files.map((file) => ({
    path: file.path,
    content: file.content,
    language: languageOf(file.path),
    bytes: new TextEncoder().encode(file.content).length,
    nodes: file.nodes,
  }))

/** Everything a plan leaves on the host: its artifacts, then the files it writes. */
export const planWrites = (plan: Plan): PlanWrite[] => [
  ...plan.outputs.map((output) => ({
    path: output.path,
    kind: output.kind,
    title: output.title,
    bytes: output.bytes ?? null,
  })),
  ...planFiles(plan).map((file) => ({ path: file.path, kind: 'file' as const, title: null, bytes: file.bytes })),
]
