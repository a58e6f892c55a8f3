import type { Finding, Plan } from '#engine/protocol/plan.ts'
import type { HubDownloadSpec } from '#engine/protocol/hub-tasks.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import { taskStep, type PlanInput } from '../family.ts'
import { error, note, warning } from '../findings.ts'
import { checkSpace, chooseOutput } from '../outputs.ts'
import { plain, text, type Text } from '../text.ts'
import { downloadForm } from './form.ts'

/** Something that a family's guides tell to download. */
export interface Repository {
  readonly id: string
  readonly title: Text
  readonly kind: 'model' | 'dataset'
  readonly hub: HubDownloadSpec['hub']
  /** `owner/name`, or the address of one file. */
  readonly repository: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** About how much it is, to compare with the free space. */
  readonly bytes?: number
  /** True where its terms have to be accepted first, and a token is needed. */
  readonly isGated?: boolean
}

type DownloadForm = ReturnType<typeof downloadForm>
type DownloadValues = ReturnType<DownloadForm['read']>['values']

/** The download panel of a family. Its script exports `plan` as `planDownload`. */
export function downloadPanel(known: readonly Repository[]): BuiltPanel {
  const form = downloadForm(known)
  return {
    panel: {
      id: 'download',
      stage: 'download',
      title: text('Download', '下载'),
      summary: text(
        'Brings weights and data from a hub or a mirror, in parts that can be resumed, and checks them.',
        '从站点或镜像获取权重与数据，支持断点续传，并校验内容。',
      ),
      plan: 'planDownload',
      form,
    },
    plan: (input) => planDownload(known, form, input),
  }
}

function planDownload(known: readonly Repository[], form: DownloadForm, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const chosen = known.find(({ id }) => id === values.known) ?? custom(values)
  const name = nameOf(chosen)
  const output = chooseOutput('output', values.output, input.facts, chosen.kind === 'model' ? 'models' : 'data', name)
  const title = text(`Download ${name || '…'}`, `下载 ${name || '…'}`)
  const rules = [
    ...checkRepository(chosen),
    ...checkAddress('endpoint', values.endpoint),
    ...checkAddress('proxy', values.proxy),
    ...output.findings,
    ...(chosen.bytes === undefined ? [] : checkSpace('output', output.path, chosen.bytes, input.facts)),
  ]
  const bytes = chosen.bytes === undefined ? {} : { bytes: chosen.bytes }
  return {
    title,
    findings: [...findings, ...rules],
    ...(chosen.bytes === undefined ? {} : { estimate: { diskBytes: chosen.bytes } }),
    files: [],
    steps: name === '' ? [] : [taskStep('download', title, 'hub.download', specOf(values, chosen, output.path))],
    outputs:
      name === '' || chosen.kind !== 'model'
        ? []
        : [{ kind: 'checkpoint', path: output.path, title: plain(name), ...bytes }],
  }
}

const custom = ({ kind, repository, source }: DownloadValues): Repository => ({
  id: 'other',
  title: plain(repository),
  kind,
  hub: source,
  repository: repository.trim(),
})

/** The last part of a repository's name or of an address. */
const nameOf = ({ repository }: Repository): string =>
  (repository.split(/[?#]/)[0] ?? '').split('/').findLast((part) => part !== '') ?? ''

function specOf(values: DownloadValues, { hub, kind, repository, include, exclude }: Repository, output: string) {
  const given = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim())
  const optional = {
    revision: given(values.revision),
    endpoint: given(values.endpoint),
    proxy: values.relay ? undefined : given(values.proxy),
  }
  return {
    hub,
    kind,
    repository,
    output,
    include: values.include.length > 0 ? values.include : [...(include ?? [])],
    exclude: values.exclude.length > 0 ? values.exclude : [...(exclude ?? [])],
    parallel: values.parallel,
    ...(values.relay ? { relay: true } : {}),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}

function checkRepository({ hub, repository, isGated }: Repository): Finding[] {
  if (hub === 'address') {
    if (/^https?:\/\/[^/]+\/./.test(repository)) return []
    const says = text(
      'Give the whole address: https://server/folder/file.',
      '请填写完整地址：https://server/folder/file。',
    )
    return [error('download.address', says, 'repository')]
  }
  if (!/^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)?$/.test(repository)) {
    const says = text('Give owner/name as the hub shows it.', '请填写站点上显示的 owner/name。')
    return [error('download.repository', says, 'repository')]
  }
  if (isGated !== true) return []
  const variable = hub === 'huggingface' ? 'HF_TOKEN' : 'MODELSCOPE_API_TOKEN'
  return [
    note(
      'download.gated',
      text(
        `The terms of ${repository} have to be accepted on its page; the engine’s environment needs ${variable}.`,
        `需先在 ${repository} 页面同意协议，并在引擎环境中设置 ${variable}。`,
      ),
      'known',
    ),
  ]
}

function checkAddress(field: 'endpoint' | 'proxy', value: string): Finding[] {
  if (value.trim() === '') return []
  if (!/^https?:\/\/[^/\s]+/.test(value.trim())) {
    return [error('download.url', text('Starts with http:// or https://.', '须以 http:// 或 https:// 开头。'), field)]
  }
  if (!/^https?:\/\/[^/]*@/.test(value.trim())) return []
  return [
    warning(
      'download.password',
      text(
        'A password in an address lies readable in the job’s folder. Put the proxy into the environment of the engine instead.',
        '地址中的密码会以明文保存在任务目录中。请改在引擎环境变量中设置代理。',
      ),
      field,
    ),
  ]
}
