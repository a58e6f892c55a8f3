import { z } from 'zod'
import { Text } from './text.ts'
import { TaskName } from './tasks.ts'

/** A remark about a plan. `field` is the JSON pointer-less path of the form field it is about (`target.tp`). */
export const Finding = z.object({
  level: z.enum(['error', 'warning', 'note']),
  code: z.string(),
  text: Text,
  field: z.string().optional(),
})
export type Finding = z.infer<typeof Finding>

/** Which line patterns the engine looks for in a script's output. */
export const LogDialect = z.enum(['reference', 'megatron', 'mindformers', 'msrun', 'plain'])
export type LogDialect = z.infer<typeof LogDialect>

export const ArtifactKind = z.enum(['checkpoint', 'dataset', 'log', 'result'])
export type ArtifactKind = z.infer<typeof ArtifactKind>

/** What lies at a path that a form names. */
export interface PathFacts {
  readonly kind: 'file' | 'folder'
  /** Names in a folder, those of folders first; of very many only the first ones. */
  readonly names: readonly string[]
}

/** What a plan will leave behind; for a dataset `path` is the output prefix. */
export const ArtifactSpec = z.object({
  kind: ArtifactKind,
  path: z.string(),
  title: Text,
  bytes: z.number().nonnegative().optional(),
  /** The form field that says where it goes, for remarks about the place. */
  field: z.string().optional(),
  /** Nothing may lie at the path yet. */
  isNew: z.boolean().optional(),
})
export type ArtifactSpec = z.infer<typeof ArtifactSpec>

export const PlanFile = z.object({ path: z.string(), content: z.string(), nodes: z.enum(['first', 'all']) })
export type PlanFile = z.infer<typeof PlanFile>

const stepBase = { id: z.string().regex(/^[a-z][a-z0-9-]*$/), title: Text }

export const TaskStep = z.object({ ...stepBase, kind: z.literal('task'), task: TaskName, spec: z.unknown() })
export type TaskStep = z.infer<typeof TaskStep>

export const ScriptStep = z.object({
  ...stepBase,
  kind: z.literal('script'),
  script: z.string(),
  where: z.enum(['host', 'container']),
  nodes: z.enum(['first', 'all']),
  log: LogDialect.optional(),
  interactive: z.boolean().optional(),
  /**
   * It ends with 75 (EX_TEMPFAIL) where it can do no more before the host is restarted; afterwards it is run again. Any
   * other script may end with 75 for reasons of its own.
   */
  mayNeedRestart: z.boolean().optional(),
})
export type ScriptStep = z.infer<typeof ScriptStep>

export const Step = z.discriminatedUnion('kind', [TaskStep, ScriptStep])
export type Step = z.infer<typeof Step>

/** What a panel returns. Pure data: shown before anything runs, exportable as a shell script. */
export const Plan = z.object({
  title: Text,
  findings: z.array(Finding),
  estimate: z
    .object({ hbmBytesPerNpu: z.number().nonnegative().optional(), diskBytes: z.number().nonnegative().optional() })
    .optional(),
  files: z.array(PlanFile),
  steps: z.array(Step),
  outputs: z.array(ArtifactSpec),
  /** True where the plan can only be looked at: what it needs (an NPU backend) is not on the chosen host. */
  previewOnly: z.boolean().optional(),
})
export type Plan = z.infer<typeof Plan>
