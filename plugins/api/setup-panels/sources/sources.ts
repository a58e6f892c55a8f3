import type { Plan, ScriptStep } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../../checkpoint-panels/weights.ts'
import type { PlanInput } from '../../family.ts'
import { hasErrors } from '../../findings.ts'
import { text, type Text } from '../../text.ts'
import { frameworkTests } from '../container-checks.ts'
import { hostStep, insideContainer } from '../script.ts'
import { chosenSetup } from './chosen.ts'
import { arrangeScript, checkSourcesScript, fetchScript } from './fetch-scripts.ts'
import {
  environmentFileScript,
  environmentScript,
  packagesScript,
  pythonChecks,
  verifySourcesScript,
  type PythonChoice,
} from './python-scripts.ts'
import type { SourceFamily, SourceStack } from './source-family.ts'
import { sourceForm, type SourceValues } from './source-form.ts'
import { sourceRules } from './source-rules.ts'

/** The panel that fetches a family's frameworks and prepares their Python. Its script exports `plan` as `planSources`. */
export function sourcesPanel(family: SourceFamily): BuiltPanel {
  const form = sourceForm(family)
  return {
    panel: {
      id: 'sources',
      stage: 'setup',
      title: text('Sources and Python', '代码与 Python 环境'),
      summary: text(
        'Fetches the repositories of the guide in its versions, makes the Python environment and verifies both.',
        '按教程版本获取代码仓，建立 Python 环境并验证。',
      ),
      plan: 'planSources',
      form,
    },
    plan: (input) => planSources(family, form, input),
  }
}

function planSources(family: SourceFamily, form: ReturnType<typeof sourceForm>, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const setup = { ...chosenSetup(family, values, input.facts), values }
  const { label } = setup.stack
  const title = text(`Set up ${label.en}`, `搭建 ${label['zh-CN']}`)
  const remarks = [...findings, ...sourceRules(values, setup, input)]
  const steps = hasErrors(remarks) ? [] : stepsOf(setup, values)
  return { title, findings: remarks, files: [], steps, outputs: [] }
}

function stepsOf(setup: PythonChoice, values: SourceValues): ScriptStep[] {
  const { existing, container, python } = values
  const steps: ScriptStep[] = []
  const add = (id: string, title: Text, script: string | null) => {
    if (script === null) return
    steps.push(hostStep(id, title, container === '' ? script : insideContainer(container, title.en, script)))
  }
  add(
    'check',
    text('Check tools, folders and versions', '检查工具、目录与版本'),
    checkSourcesScript(setup, existing, pythonChecks(setup)),
  )
  add('fetch', text('Fetch the repositories', '获取代码仓'), fetchScript(setup, existing))
  add('arrange', text('Put them together', '组合代码目录'), arrangeScript(setup, existing))
  if (python === 'none') return steps
  add('python', text('Make the Python environment', '建立 Python 环境'), environmentScript(setup))
  add('packages', text('Install packages', '安装软件包'), packagesScript(setup))
  add('env-file', text('Write env.sh', '生成 env.sh'), environmentFileScript(setup))
  add('verify', text('Verify', '验证'), verifySourcesScript(setup, verifications(setup.stack, values)))
  return steps
}

const verifications = (stack: SourceStack, { checks }: SourceValues) =>
  stack.checks
    .filter((check) => checks.includes(check))
    .flatMap((check) => {
      if (check !== 'imports') return [{ name: check, ...frameworkTests[check] }]
      return stack.modules.map((name) => ({
        name: `import ${name}`,
        python: `import importlib; print('imported', importlib.import_module('${name}').__name__)`,
        success: `imported ${name}`,
      }))
    })
