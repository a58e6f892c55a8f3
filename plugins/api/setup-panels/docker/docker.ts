import type { Plan, ScriptStep } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../../checkpoint-panels/weights.ts'
import type { PlanInput } from '../../family.ts'
import { hasErrors } from '../../findings.ts'
import { cleanPath } from '../../paths.ts'
import { text, type Text } from '../../text.ts'
import { hostStep } from '../script.ts'
import { dockerForm, type DockerValues } from './docker-form.ts'
import { dockerRules } from './docker-rules.ts'
import {
  accountScript,
  checkDockerScript,
  installDockerScript,
  runtimeScript,
  startDockerScript,
  verifyDockerScript,
  type DockerSetup,
} from './docker-scripts.ts'

/** The panel that installs docker and the Ascend Docker Runtime. Its script exports `plan` as `planDocker`. */
export const dockerPanel = (): BuiltPanel => ({
  panel: {
    id: 'docker',
    stage: 'setup',
    title: text('Docker', 'Docker 引擎'),
    summary: text(
      'Installs docker and the Ascend Docker Runtime, also without a network, and merges its settings.',
      '安装 Docker 与 Ascend Docker Runtime（支持离线），并合并其配置。',
    ),
    plan: 'planDocker',
    form: dockerForm,
  },
  plan: planDocker,
})

function planDocker(input: PlanInput): Plan {
  const { values, findings } = dockerForm.read(input.values)
  const remarks = [...findings, ...dockerRules(values, input)]
  const title = text('Set up docker', '安装与配置 Docker')
  const steps = hasErrors(remarks) ? [] : stepsOf(values, input.facts.dirs.home)
  return { title, findings: remarks, files: [], steps, outputs: [] }
}

function stepsOf(values: DockerValues, home: string): ScriptStep[] {
  const fromHome = (path: string): string => cleanPath(path.replace(/^~(?=\/|$)/, home))
  const setup: DockerSetup = {
    ...values,
    archive: fromHome(values.archive),
    packages: fromHome(values.packages),
    runtimePackage: fromHome(values.runtimePackage),
    dataRoot: cleanPath(values.dataRoot),
    runtimeOptions: values.runtimeOptions.split(/\s+/).filter((word) => word !== ''),
  }
  const steps: [id: string, title: Text, script: string | null][] = [
    ['check', text('Check what is there', '检查现状'), checkDockerScript(setup)],
    ['install', text('Install docker', '安装 Docker'), installDockerScript(setup)],
    ['runtime', text('Install the Ascend Docker Runtime', '安装 Ascend Docker Runtime'), runtimeScript(setup)],
    ['start', text('Write the settings and start', '写入配置并启动'), startDockerScript(setup)],
    ['account', text('Let the user use docker', '授权用户使用 Docker'), accountScript(values.account)],
    ['verify', text('Verify', '验证'), verifyDockerScript(setup)],
  ]
  return steps.flatMap(([id, title, script]) => (script === null ? [] : [hostStep(id, title, script)]))
}
