import type { Plan, ScriptStep } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import type { PlanInput } from '../family.ts'
import { hasErrors } from '../findings.ts'
import { cleanPath } from '../paths.ts'
import { text } from '../text.ts'
import { driverForm, type DriverValues } from './driver-form.ts'
import { driverRules } from './driver-rules.ts'
import {
  accountScript,
  dependenciesScript,
  goneScript,
  installScript,
  prepareScript,
  uninstallScript,
  verifyDriverScript,
  type HostPackage,
} from './driver-scripts.ts'
import { hostStep, restartStep } from './script.ts'
import { notUploaded } from './uploaded.ts'

const names = { driver: text('driver', '驱动'), firmware: text('firmware', '固件') }

/** The panel that installs and removes driver and firmware. Its script exports `plan` as `planDriver`. */
export const driverPanel = (): BuiltPanel => ({
  panel: {
    id: 'driver',
    stage: 'setup',
    title: text('Driver and firmware', '驱动与固件'),
    summary: text(
      'Installs, overwrites or removes driver and firmware in the right order, across the restarts they need.',
      '按正确顺序安装、覆盖或卸载驱动与固件，并衔接所需的重启。',
    ),
    plan: 'planDriver',
    form: driverForm,
  },
  plan: planDriver,
})

function planDriver(input: PlanInput): Plan {
  const { values, findings } = driverForm.read(input.values)
  const uploads = values.action === 'uninstall' ? [] : ['driver', 'firmware']
  const remarks = [...findings, ...driverRules(values, input.facts), ...notUploaded(input, ...uploads)]
  const title =
    values.action === 'uninstall'
      ? text('Uninstall driver and firmware', '卸载驱动与固件')
      : text('Install driver and firmware', '安装驱动与固件')
  const steps = hasErrors(remarks) ? [] : stepsOf(values, input.facts.dirs.home)
  return { title, findings: remarks, files: [], steps, outputs: [] }
}

function stepsOf(values: DriverValues, home: string): ScriptStep[] {
  const installPath = cleanPath(values.installPath)
  if (values.action === 'uninstall') {
    return [
      ...(['driver', 'firmware'] as const).map((kind) =>
        restartStep(
          kind,
          text(`Uninstall the ${names[kind].en}`, `卸载${names[kind]['zh-CN']}`),
          uninstallScript(kind, installPath),
        ),
      ),
      restartStep('rest', text('See that everything is unloaded', '确认已全部卸载'), goneScript()),
    ]
  }
  const packages = packagesOf(values, installPath, home)
  return [
    hostStep('prepare', text('Check packages and host', '检查安装包与主机'), prepareScript(packages)),
    ...(values.dependencies
      ? [hostStep('dependencies', text('Install missing tools', '安装缺少的依赖'), dependenciesScript())]
      : []),
    ...(values.account
      ? [hostStep('account', text('Create the user HwHiAiUser', '创建 HwHiAiUser 用户'), accountScript())]
      : []),
    ...packages.map((one) =>
      restartStep(
        one.kind,
        text(`Install the ${names[one.kind].en}`, `安装${names[one.kind]['zh-CN']}`),
        installScript(one),
      ),
    ),
    restartStep('verify', text('Check that the NPUs answer', '检查 NPU 是否可用'), verifyDriverScript()),
  ]
}

/** The packages in the order of the case: on a new host driver first, over an old one firmware first. */
function packagesOf(values: DriverValues, installPath: string, home: string): HostPackage[] {
  const isFirst = values.action === 'install'
  const order = isFirst ? (['driver', 'firmware'] as const) : (['firmware', 'driver'] as const)
  const extra = values.extra.split(/\s+/).filter((word) => word !== '')
  return order.flatMap((kind): HostPackage[] => {
    const path = values[kind].replace(/^~(?=\/|$)/, home)
    if (path === '') return []
    const options = [
      `--${values.mode}`,
      ...(kind === 'driver' && values.forAll ? ['--install-for-all'] : []),
      ...(installPath === '/usr/local/Ascend' ? [] : [`--install-path=${installPath}`]),
      '--quiet',
      ...extra,
    ]
    return [{ kind, path, options, installPath, again: values.again, isFirst: isFirst && !values.again }]
  })
}
