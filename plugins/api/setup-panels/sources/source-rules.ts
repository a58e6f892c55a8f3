import type { PlanInput } from '../../family.ts'
import { error, note, warning, type Finding } from '../../findings.ts'
import { listOf, text } from '../../text.ts'
import { parseSource, stackValues, type ChosenSetup } from './chosen.ts'
import type { SourceValues } from './source-form.ts'

/** All remarks about a setup, those of the form aside. */
export const sourceRules = (values: SourceValues, setup: ChosenSetup, input: PlanInput): Finding[] => [
  note('sources.needs', setup.stack.needs, 'stack'),
  ...placeRules(values, setup, input),
  ...versionRules(values, setup),
  ...offlineRules(values, setup, input),
  ...(values.python === 'none' ? [] : pythonRules(values, setup, input)),
]

const wholePath = text('Write the whole path, from / or ~.', '请填写以 / 或 ~ 开头的完整路径。')

function placeRules(
  { folder, container, existing }: SourceValues,
  setup: ChosenSetup,
  { paths }: PlanInput,
): Finding[] {
  const found: Finding[] = []
  if (folder === '') {
    const says = text(`Goes to ${setup.folder}.`, `将放入 ${setup.folder}。`)
    found.push(note('sources.folder', says, 'folder'))
  } else if (!/^[/~]/.test(folder)) found.push(error('sources.path', wholePath, 'folder'))
  if (container !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(container)) {
    const says = text('Not the name of a container.', '不是容器名称。')
    found.push(error('sources.container', says, 'container'))
  }
  const there = container === '' ? (paths?.['folder']?.names ?? []) : []
  const known = setup.sources.filter(({ name }) => there.includes(name)).map(({ name }) => name)
  if (known.length > 0) {
    const says = text(
      `There already: ${listOf(known)}. The first step compares the versions, before anything changes.`,
      `已存在：${listOf(known)}。第一步会先比对版本，再作改动。`,
    )
    found.push(note('sources.there', says, 'existing'))
  }
  if (existing === 'switch') {
    const says = text('git refuses where own changes would be lost.', '若会丢失本地改动，git 将拒绝切换。')
    found.push(note('sources.switch', says, 'existing'))
  }
  return found
}

const isDropped = (line: string, names: readonly string[]): boolean =>
  line.startsWith('-') && names.includes(line.slice(1))

function versionRules(values: SourceValues, { stack, sources }: ChosenSetup): Finding[] {
  const fields = { sources: `${values.stack}Sources`, packages: `${values.stack}Packages` }
  const chosen = stackValues(values)
  const found: Finding[] = []
  for (const line of chosen.sources.map((text) => text.trim())) {
    if (
      line === '' ||
      isDropped(
        line,
        stack.sources.map(({ name }) => name),
      ) ||
      parseSource(line)
    )
      continue
    const says = text(
      `${line} is neither a name, an address and a revision, separated by blanks, nor -NAME.`,
      `${line} 不符合“名称 地址 版本”（以空格分隔），也不是 -名称。`,
    )
    found.push(error('sources.line', says, fields.sources))
  }
  const names = sources.map(({ name }) => name)
  if (new Set(names).size < names.length) {
    found.push(error('sources.twice', text('A name is there twice.', '名称重复。'), fields.sources))
  }
  for (const { name, revision } of stack.sources) {
    const own = sources.find((source) => source.name === name)
    if (own === undefined) {
      const says = text(`The guide also fetches ${name}.`, `教程还需要 ${name}。`)
      found.push(warning('sources.left', says, fields.sources))
    } else if (own.revision !== revision) {
      const says = text(
        `${name}: the guide takes ${revision}, this is ${own.revision}.`,
        `${name}：教程使用 ${revision}，此处为 ${own.revision}。`,
      )
      found.push(warning('sources.version', says, fields.sources))
    }
  }
  for (const line of values.python === 'none' ? [] : chosen.packages) {
    if (line.trim() === '' || /^-[A-Za-z0-9][A-Za-z0-9._-]*$/.test(line)) continue
    if (/^\/.+\.whl$|^[A-Za-z0-9][^\s'"`$\\]*( *(==|>=|<=|<|>|~=|!=) *[^\s'"`$\\]+)?$/.test(line)) continue
    const says = text(`${line} is neither a package nor the path of a wheel.`, `${line} 不是软件包或 wheel 路径。`)
    found.push(error('sources.package', says, fields.packages))
  }
  return found
}

/** Names under which a repository may have been uploaded. */
export const offlineNames = (name: string): string[] =>
  ['bundle', 'tar.gz', 'tgz', 'tar', 'zip'].map((ending) => `${name}.${ending}`)

function offlineRules(values: SourceValues, { sources }: ChosenSetup, { paths }: PlanInput): Finding[] {
  if (values.origin === 'internet') {
    const says = text(
      'The host itself asks the repositories and the index. Without internet choose the files that were uploaded.',
      '由主机直接访问代码仓与镜像源。无法上网时请选择已上传的离线文件。',
    )
    return [note('sources.internet', says, 'origin')]
  }
  if (!/^[/~]/.test(values.bundles)) return [error('sources.path', wholePath, 'bundles')]
  if (values.container !== '' || paths === undefined || !('bundles' in paths)) return []
  const folder = paths['bundles']
  if (folder?.kind !== 'folder') {
    const says = text(
      'There is no such folder. Upload it in the tab Files of the host.',
      '目录不存在。请在主机的“文件”页上传。',
    )
    return [error('sources.bundles', says, 'bundles')]
  }
  const missing = sources.filter(({ name }) => !offlineNames(name).some((file) => folder.names.includes(file)))
  if (missing.length === 0) return []
  const names = listOf(missing.map(({ name }) => `${name}.bundle`))
  const says = text(
    `Not in the folder: ${names}. Make each with git bundle create NAME.bundle --all, and upload it in the tab Files of the host.`,
    `目录中缺少：${names}。请用 git bundle create 名称.bundle --all 生成，并在主机的“文件”页上传。`,
  )
  return [warning('sources.bundle', says, 'bundles')]
}

function pythonRules(values: SourceValues, setup: ChosenSetup, { facts }: PlanInput): Finding[] {
  const found: Finding[] = []
  const isMade = values.python === 'conda' || values.python === 'venv'
  if (isMade && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(values.environment)) {
    const says = text('Letters, digits, _ . and - only.', '仅可包含字母、数字、_ . -。')
    found.push(error('sources.environment', says, 'environment'))
  }
  if (isMade && !/^3\.\d{1,2}$/.test(setup.pythonVersion)) {
    found.push(error('sources.python', text('Like 3.10.', '格式如 3.10。'), 'pythonVersion'))
  }
  if (values.python === 'existing' && !/^[A-Za-z0-9/~][^\s'"`$\\]*$/.test(values.interpreter)) {
    found.push(error('sources.interpreter', text('Not a program.', '不是程序。'), 'interpreter'))
  }
  if (values.python === 'conda' && values.origin === 'offline') {
    const says = text(
      'Without a network conda takes Python from its own cache only; a venv takes that of the host.',
      '离线时 conda 只能使用自身缓存中的 Python；venv 使用主机的 Python。',
    )
    found.push(note('sources.conda', says, 'python'))
  }
  if (values.origin === 'internet' && values.pipIndex !== '' && !/^https?:\/\/[^\s'"]+$/.test(values.pipIndex)) {
    found.push(error('sources.index', text('Begins with https://.', '须以 https:// 开头。'), 'pipIndex'))
  } else if (values.origin === 'internet' && values.pipIndex.startsWith('http://')) {
    const says = text('What comes over http can be changed on its way.', '通过 http 传输的内容可能被篡改。')
    found.push(warning('sources.http', says, 'pipIndex'))
  }
  if (setup.wheels.length === 0 && setup.stack.wheels.length > 0) {
    const names = listOf(setup.stack.wheels)
    const says = text(
      `${names} of the guide is in no index: it is left out, unless the folder of wheels has it.`,
      `教程中的 ${names} 不在任何镜像源中，wheel 目录里没有则跳过。`,
    )
    found.push(note('sources.wheels', says, 'wheels'))
  }
  if (values.wheels !== '' && values.origin === 'internet' && !/^[/~]/.test(values.wheels)) {
    found.push(error('sources.path', wholePath, 'wheels'))
  }
  const onNpu = values.checks.filter((check) => check !== 'imports' && setup.stack.checks.includes(check))
  if (values.container === '' && facts.npus.length === 0 && onNpu.length > 0) {
    const says = text(
      `This host shows no NPU, so ${listOf(onNpu)} will fail.`,
      `此主机未发现 NPU，${listOf(onNpu)} 检查会失败。`,
    )
    found.push(warning('sources.noNpu', says, 'checks'))
  }
  return found
}
