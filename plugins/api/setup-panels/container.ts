import type { Plan } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import type { PlanInput } from '../family.ts'
import { hasErrors } from '../findings.ts'
import { text } from '../text.ts'
import { verifyScript } from './container-checks.ts'
import type { ContainerFamily } from './container-family.ts'
import { containerForm } from './container-form.ts'
import { parseMount, type Mount } from './container-mounts.ts'
import { containerRules } from './container-rules.ts'
import { checkScript, createScript, showScript, type Container } from './container-scripts.ts'
import { chosenNumbers } from './npu-numbers.ts'
import { hostStep } from './script.ts'

/** The panel that makes a container with NPUs. Its script exports `plan` as `planContainer`. */
export function containerPanel(family: ContainerFamily): BuiltPanel {
  const form = containerForm(family)
  return {
    panel: {
      id: 'container',
      stage: 'setup',
      title: text('Container', '容器'),
      summary: text(
        'Makes a container with NPUs, driver and folders, and checks that its framework computes.',
        '创建带有 NPU、驱动与目录的容器，并检查框架能否计算。',
      ),
      plan: 'planContainer',
      form,
    },
    plan: (input) => planContainer(form, input),
  }
}

function planContainer(form: ReturnType<typeof containerForm>, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const title = text(`Start the container ${values.name}`, `启动容器 ${values.name}`)
  const remarks = [...findings, ...containerRules(values, input.facts)]
  const { dirs } = input.facts
  const read = (lines: readonly string[]): Mount[] => lines.flatMap((line) => parseMount(line, dirs.home) ?? [])
  const container: Container = {
    ...values,
    npus: chosenNumbers(values.npus, values.npuList, input.facts) ?? [],
    workspace: values.mountWorkspace ? dirs.workspace : '',
    mounts: read(values.mounts),
    systemMounts: values.access === 'runtime' || values.npus === 'none' ? [] : read(values.systemMounts),
  }
  // A script of values that cannot be used would only mislead.
  if (hasErrors(remarks)) return { title, findings: remarks, files: [], steps: [], outputs: [] }
  const verify = verifyScript({ ...values, hasNpus: container.npus.length > 0 })
  return {
    title,
    findings: remarks,
    files: [],
    steps: [
      hostStep('check', text('Check image, devices and name', '检查镜像、设备与名称'), checkScript(container)),
      hostStep('create', text('Create and start', '创建并启动'), createScript(container)),
      hostStep('show', text('Show what was made', '查看结果'), showScript(container)),
      ...(verify === null ? [] : [hostStep('verify', text('Verify inside', '容器内验证'), verify)]),
    ],
    outputs: [],
  }
}
