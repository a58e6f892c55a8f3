import type { PlanInput } from '../../family.ts'
import { error, note, warning, type Finding } from '../../findings.ts'
import { baseName } from '../../paths.ts'
import { text } from '../../text.ts'
import { notUploaded } from '../uploaded.ts'
import type { DockerValues } from './docker-form.ts'

/** All remarks about the setup of docker, those of the form aside. */
export const dockerRules = (values: DockerValues, input: PlanInput): Finding[] => [
  ...rootRules(input),
  ...originRules(values, input),
  ...runtimeRules(values, input),
  ...settingRules(values),
  ...accountRules(values),
]

const wholePath = text('Write the whole path, from / or ~.', '请填写以 / 或 ~ 开头的完整路径。')
const isWhole = (path: string): boolean => /^[/~]/.test(path)

function rootRules({ facts: { user } }: PlanInput): Finding[] {
  if (user === 'root') return []
  const says = text(
    `Needs root, and the engine runs as ${user}: sudo has to work without a password (sudo -n).`,
    `需要 root 权限，而引擎以 ${user} 运行：sudo 须免密可用（sudo -n）。`,
  )
  return [note('docker.root', says)]
}

function originRules({ origin, archive, packages }: DockerValues, input: PlanInput): Finding[] {
  if (origin === 'repository') {
    const says = text(
      'The host itself asks its repositories. Without internet upload packages or the archive of static programs.',
      '由主机直接访问软件源。无法上网时请上传软件包或静态二进制归档。',
    )
    return [note('docker.internet', says, 'origin')]
  }
  const [field, path] = origin === 'static' ? ['archive', archive] : ['packages', packages]
  if (origin === 'none') return []
  if (!isWhole(path)) return [error('docker.path', wholePath, field)]
  const missing = notUploaded(input, field)
  if (missing.length > 0) return missing
  const names = input.paths?.[field]?.names
  if (origin === 'files' && names && !names.some((name) => /\.(deb|rpm)$/.test(name))) {
    const says = text('The folder holds no .deb and no .rpm.', '目录中没有 .deb 或 .rpm。')
    return [error('docker.packages', says, field)]
  }
  return []
}

function runtimeRules(values: DockerValues, input: PlanInput): Finding[] {
  const { runtime, runtimePackage, runtimeIsDefault, runtimeOptions } = values
  if (!runtime) return []
  const found: Finding[] = []
  if (runtimePackage === '') {
    const says = text(
      'No package: the first step looks whether the runtime is installed.',
      '未选安装包：第一步会检查是否已安装。',
    )
    found.push(note('docker.runtime', says, 'runtimePackage'))
  } else if (!isWhole(runtimePackage)) found.push(error('docker.path', wholePath, 'runtimePackage'))
  else found.push(...notUploaded(input, 'runtimePackage'))
  const named = /_linux-([a-z0-9_-]+)\.run$/i.exec(baseName(runtimePackage))?.[1]?.replace('-', '_')
  const { arch } = input.facts
  const host = arch === 'arm64' ? 'aarch64' : arch === 'x64' ? 'x86_64' : arch
  if (named !== undefined && named !== host) {
    const says = text(`The package is for ${named}, this host is ${host}.`, `安装包适用于 ${named}，此主机为 ${host}。`)
    found.push(error('docker.architecture', says, 'runtimePackage'))
  }
  if (runtimeIsDefault) {
    const says = text(
      'Containers that are started without it lose nothing; those that name devices themselves go on as before.',
      '未使用该功能的容器不受影响，自行指定设备的容器照常工作。',
    )
    found.push(note('docker.default', says, 'runtimeIsDefault'))
  }
  if (runtimeOptions.split(/\s+/).some((word) => word !== '' && !/^--[a-z][a-z-]*(=\S*)?$/.test(word))) {
    found.push(error('docker.options', text('Options begin with --.', '参数以 -- 开头。'), 'runtimeOptions'))
  }
  return found
}

function settingRules({ mirrors, insecure, dataRoot, restart, configFile }: DockerValues): Finding[] {
  const found: Finding[] = []
  for (const mirror of mirrors.filter((line) => !/^https?:\/\/[^\s/"]+\/?$/.test(line))) {
    const says = text(`${mirror} is not https://host.`, `${mirror} 不是 https://主机 形式。`)
    found.push(error('docker.mirror', says, 'mirrors'))
  }
  for (const registry of insecure.filter((line) => !/^[A-Za-z0-9.-]+(:\d{1,5})?(\/\d{1,2})?$/.test(line))) {
    found.push(
      error('docker.insecure', text(`${registry} is not host:port.`, `${registry} 不是 主机:端口。`), 'insecure'),
    )
  }
  if (insecure.length > 0) {
    const says = text(
      'What comes from them can be read and changed on its way.',
      '从这些仓库传输的内容可能被窃听或篡改。',
    )
    found.push(warning('docker.insecure.use', says, 'insecure'))
  }
  if (dataRoot !== '' && !dataRoot.startsWith('/')) {
    found.push(error('docker.dataRoot', text('Write the whole path.', '请填写完整路径。'), 'dataRoot'))
  } else if (dataRoot !== '') {
    const says = text(
      'Images and containers of the old folder stay there, and docker no longer shows them.',
      '原目录中的镜像与容器会保留，但 Docker 不再显示。',
    )
    found.push(warning('docker.dataRoot.old', says, 'dataRoot'))
  }
  if (restart) {
    const says = text(
      'Running containers are stopped where settings change; those with a restart policy come back.',
      '配置有变化时会停止运行中的容器，设置了重启策略的会自动恢复。',
    )
    found.push(warning('docker.restart', says, 'restart'))
  }
  if (!/^\/[^\s'"]+$/.test(configFile)) {
    found.push(error('docker.configFile', text('Write the whole path.', '请填写完整路径。'), 'configFile'))
  }
  return found
}

function accountRules({ account }: DockerValues): Finding[] {
  if (account === '') return []
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(account)) {
    return [error('docker.account', text('Not the name of a user.', '不是用户名。'), 'account')]
  }
  const says = text(
    `Whoever may use docker can do on this host what root can. It counts from the next login of ${account} on.`,
    `可使用 Docker 即等同于拥有 root 权限。${account} 下次登录后生效。`,
  )
  return [warning('docker.group', says, 'account')]
}
