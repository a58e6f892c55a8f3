import { checkpoints, type CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import { datasets } from '#engine/protocol/datasets.ts'
import { AppError, formatError, isErrorCode, toCodedError } from '#engine/protocol/errors/index.ts'
import type { FormValues, Manifest, Panel } from '#engine/protocol/panel.ts'
import type { DatasetPassport } from '#engine/protocol/passport.ts'
import { Plan, type Finding } from '#engine/protocol/plan.ts'
import { taskSpecs } from '#engine/protocol/tasks.ts'
import type { Text } from '#engine/protocol/text.ts'
import type { Connection } from '#engine/rpc/connect.ts'
import type { PlanRequest } from '#contract/index.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { HostService } from '../hosts/host-service.ts'
import type { FamilyRegistry } from './family-registry.ts'
import { checkForm } from './form-findings.ts'
import { checkOutputs } from './output-findings.ts'
import { pathFacts } from './path-facts.ts'

type ArtifactFacts = CheckpointSummary | DatasetPassport | null

/** Turns a filled form into a plan: checks the values, looks at what they name, asks the plugin, checks its answer. */
export class PlanService {
  readonly #families: FamilyRegistry
  readonly #hosts: HostService
  readonly #engines: EnginePool

  constructor(families: FamilyRegistry, hosts: HostService, engines: EnginePool) {
    this.#families = families
    this.#hosts = hosts
    this.#engines = engines
  }

  /**
   * The plan of a request. Wrong values come back as findings of a plan without steps. Throws AppError where there is
   * no such family, panel or host, where the engine is away, and where the plugin fails.
   */
  async preview(request: PlanRequest): Promise<Plan> {
    const { manifest, panel } = this.#find(request)
    const { values, findings } = checkForm(panel.form, request.values)
    if (findings.length > 0) return { title: panel.title, findings, files: [], steps: [], outputs: [] }
    const facts = await this.#hosts.recentFacts(request.host)
    const connection = await this.#engines.of(request.host).ready()
    const artifacts: Record<string, ArtifactFacts> = {}
    const missing: Finding[] = []
    for (const [field, path] of namedArtifacts(panel, values)) {
      const seen = await inspect(connection, field.widget, path, field)
      artifacts[field.name] = seen.facts
      if (seen.finding) missing.push(seen.finding)
    }
    const paths = await pathFacts(connection, panel.form, values)
    const input = { values, facts, artifacts, paths }
    const answer = await this.#families.plan(manifest.contributes.family.id, panel.id, input)
    const plan = withFindings(parsePlan(manifest.id, panel.id, answer), missing)
    return { ...plan, findings: [...plan.findings, ...(await checkOutputs(connection, plan))] }
  }

  #find({ family, panel: panelId }: PlanRequest): { manifest: Manifest; panel: Panel } {
    const manifest = this.#families.manifests().find(({ contributes }) => contributes.family.id === family)
    if (!manifest) throw new AppError('family.unknown', { family })
    const panel = manifest.contributes.panels.find(({ id }) => id === panelId)
    if (!panel) throw new AppError('panel.unknown', { family, panel: panelId })
    return { manifest, panel }
  }
}

interface ArtifactField {
  readonly name: string
  readonly title: Text
  readonly widget: 'checkpoint' | 'dataset'
}

function namedArtifacts(panel: Panel, values: FormValues): [ArtifactField, string][] {
  const named: [ArtifactField, string][] = []
  for (const [name, { widget, title }] of Object.entries(panel.form.hints)) {
    const path = values[name]
    if ((widget === 'checkpoint' || widget === 'dataset') && typeof path === 'string' && path !== '') {
      named.push([{ name, title, widget }, path])
    }
  }
  return named
}

async function inspect(
  connection: Connection,
  kind: ArtifactField['widget'],
  path: string,
  { name, title }: ArtifactField,
): Promise<{ facts: ArtifactFacts; finding?: Finding }> {
  try {
    const facts =
      kind === 'checkpoint'
        ? await connection.topic(checkpoints).summary({ path })
        : (await connection.topic(datasets).inspect({ prefix: path, sample: 0 })).passport
    return { facts }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'rpc.closed') throw error
    const { code, params, message } = toCodedError(error)
    const said = (locale: 'en' | 'zh-CN') => (isErrorCode(code) ? formatError(code, params, locale) : message)
    const text: Text = { en: `${title.en}: ${said('en')}`, 'zh-CN': `${title['zh-CN']}：${said('zh-CN')}` }
    return { facts: null, finding: { level: 'error', code, text, field: name } }
  }
}

/** What a plugin answers is parsed like any input, and so is each task it asks for. */
function parsePlan(plugin: string, panel: string, answer: unknown): Plan {
  const parsed = Plan.safeParse(answer)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw planInvalid(plugin, panel, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`)
  }
  const ids = new Set<string>()
  for (const step of parsed.data.steps) {
    if (ids.has(step.id)) throw planInvalid(plugin, panel, `steps: ${step.id} is there twice`)
    ids.add(step.id)
    if (step.kind !== 'task') continue
    const spec = taskSpecs[step.task].safeParse(step.spec)
    if (spec.success) continue
    const issue = spec.error.issues[0]
    throw planInvalid(plugin, panel, `${step.id}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unreadable'}`)
  }
  return parsed.data
}

const planInvalid = (plugin: string, panel: string, reason: string) =>
  new AppError('plan.invalid', { plugin, panel, reason })

/** Adds findings about fields that the plugin has not found fault with itself. */
function withFindings(plan: Plan, findings: readonly Finding[]): Plan {
  const said = new Set(plan.findings.filter(({ level }) => level === 'error').map(({ field }) => field))
  return { ...plan, findings: [...findings.filter(({ field }) => !said.has(field)), ...plan.findings] }
}

/** Throws the code that says why a plan cannot be run as it is. */
export function assertRunnable(plan: Plan): void {
  const errors = plan.findings.filter(({ level }) => level === 'error')
  const first = errors[0]
  if (first) throw new AppError('plan.hasErrors', { count: errors.length, first: first.text.en })
  if (plan.previewOnly) throw new AppError('plan.previewOnly')
  if (plan.steps.length === 0) throw new AppError('plan.empty')
  for (const step of plan.steps) {
    if (step.kind === 'script' && step.where === 'container') {
      throw new AppError('plan.containerUnsupported', { step: step.id })
    }
  }
}
