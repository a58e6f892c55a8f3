import type { Plan } from '#engine/protocol/plan.ts'
import type { BuiltPanel } from '../checkpoint-panels/weights.ts'
import type { PlanInput } from '../family.ts'
import { fileField, folderField, selectField, textField, textListField } from '../fields.ts'
import { error, hasErrors, note, type Finding } from '../findings.ts'
import { defineForm, group } from '../form.ts'
import { folderName } from '../paths.ts'
import { shellQuote } from '../shell.ts'
import { text } from '../text.ts'
import { isImageName } from './container-rules.ts'
import { dockerClient, hostStep, imageArchitecture, scriptHead, scriptText } from './script.ts'
import { notUploaded } from './uploaded.ts'

/** What the guides of a family say about its image. */
export interface ImageFamily {
  readonly image: string
  /** The image that a Dockerfile of the guide starts from. */
  readonly base?: string
  readonly action?: 'pull' | 'build' | 'load'
}

const only = (...actions: string[]) => ({ field: 'action', in: actions })

const imageForm = ({ image, base, action }: ImageFamily) =>
  defineForm(
    group('what', text('Image', '镜像'), {
      action: selectField({
        title: text('Where from', '来源'),
        choices: [
          { value: 'pull', label: text('A registry (docker pull)', '镜像仓库（docker pull）') },
          { value: 'build', label: text('A Dockerfile (docker build)', 'Dockerfile（docker build）') },
          { value: 'load', label: text('An archive (docker load)', '归档文件（docker load）') },
        ],
        default: action ?? 'pull',
      }),
      image: textField({ title: text('Image', '镜像'), placeholder: 'name:tag', default: image, isRequired: true }),
      mirror: textField({
        title: text('Pull under another name', '改用其他名称拉取'),
        help: text('The name at a mirror; it gets the name above then.', '镜像站上的名称，拉取后改为上面的名称。'),
        placeholder: 'm.daocloud.io/quay.io/ascend/cann:8.0.0',
        showIf: only('pull'),
      }),
      archive: fileField({
        title: text('Archive', '归档文件'),
        help: text(
          'A file of docker save, also compressed; upload it in the tab Files of the host.',
          'docker save 生成的文件，可为压缩文件，请先在主机的“文件”页上传。',
        ),
        showIf: only('load'),
      }),
      dockerfile: fileField({
        title: text('Dockerfile', 'Dockerfile 文件'),
        help: text(
          'With what it copies; upload its folder in the tab Files of the host.',
          '连同其复制的内容，请先在主机的“文件”页上传所在目录。',
        ),
        showIf: only('build'),
      }),
      context: folderField({
        title: text('Build context', '构建目录'),
        help: text('Empty: the folder of the Dockerfile.', '留空则为 Dockerfile 所在目录。'),
        showIf: only('build'),
      }),
      base: textField({
        title: text('Base image', '基础镜像'),
        help: text('Pulled first. Empty: what docker build pulls.', '先行拉取。留空则由 docker build 拉取。'),
        default: base ?? '',
        showIf: only('build'),
      }),
      buildArgs: textListField({
        title: text('Build arguments', '构建参数'),
        help: text('One NAME=value per line.', '每行一个 名称=值。'),
        default: [],
        isExpert: true,
        showIf: only('build'),
      }),
    }),
  )
type ImageValues = ReturnType<ReturnType<typeof imageForm>['read']>['values']

/** The panel that brings an image to a host. Its script exports `plan` as `planImage`. */
export function imagePanel(family: ImageFamily): BuiltPanel {
  const form = imageForm(family)
  return {
    panel: {
      id: 'image',
      stage: 'setup',
      title: text('Image', '镜像'),
      summary: text('Pulls, builds or loads the image for containers.', '拉取、构建或加载容器镜像。'),
      plan: 'planImage',
      form,
    },
    plan: (input) => planImage(form, input),
  }
}

/** The name of an image is long; the title of the plan has it already. */
const stepTitles = {
  pull: text('Pull the image', '拉取镜像'),
  build: text('Build the image', '构建镜像'),
  load: text('Load the image', '加载镜像'),
}

function planImage(form: ReturnType<typeof imageForm>, input: PlanInput): Plan {
  const { values, findings } = form.read(input.values)
  const title = text(`Get the image ${values.image}`, `获取镜像 ${values.image}`)
  const uploads = { pull: [], build: ['dockerfile', 'context'], load: ['archive'] }[values.action]
  const remarks = [...findings, ...imageRules(values), ...notUploaded(input, ...uploads)]
  if (hasErrors(remarks)) return { title, findings: remarks, files: [], steps: [], outputs: [] }
  const fromHome = (path: string): string => path.replace(/^~(?=\/|$)/, input.facts.dirs.home)
  const script = scriptText(
    scriptHead(`Get the image ${values.image}`),
    dockerClient,
    [`image=${shellQuote(values.image)}`],
    linesOf[values.action](values, fromHome),
    lookLines,
  )
  return {
    title,
    findings: remarks,
    files: [],
    steps: [hostStep('get', stepTitles[values.action], script)],
    outputs: [],
  }
}

const linesOf: Readonly<
  Record<ImageValues['action'], (values: ImageValues, fromHome: (path: string) => string) => string[]>
> = {
  pull: ({ mirror }) =>
    mirror === ''
      ? ['docker_cli pull "$image"']
      : [`mirror=${shellQuote(mirror)}`, 'docker_cli pull "$mirror"', 'docker_cli tag "$mirror" "$image"'],
  build: ({ dockerfile, context, base, buildArgs }, fromHome) => [
    ...(base === '' ? [] : [`docker_cli pull ${shellQuote(base)}`]),
    [
      'docker_cli build',
      `--file ${shellQuote(fromHome(dockerfile))}`,
      '--tag "$image"',
      ...buildArgs.map((line) => `--build-arg ${shellQuote(line)}`),
      shellQuote(context === '' ? folderName(fromHome(dockerfile)) : fromHome(context)),
    ].join(' \\\n  '),
  ],
  load: ({ archive }, fromHome) => [
    `archive=${shellQuote(fromHome(archive))}`,
    '[ -f "$archive" ] || fail "No such file: $archive"',
    'loaded=$(docker_cli load --input "$archive")',
    `printf '%s\\n' "$loaded"`,
    'docker_cli image inspect "$image" >/dev/null 2>&1 || fail "The archive does not hold $image. $loaded"',
  ],
}

const lookLines: readonly string[] = [
  `docker_cli image inspect --format '{{.Id}} {{.Architecture}} {{.Size}} bytes {{.Created}}' "$image"`,
  ...imageArchitecture,
  `built_for=$(docker_cli image inspect --format '{{.Architecture}}' "$image")`,
  '[ "$built_for" = "$architecture" ] || fail "The image $image is for $built_for, this host is $architecture."',
]

function imageRules({ action, image, mirror, archive, dockerfile, context, base, buildArgs }: ImageValues): Finding[] {
  const found: Finding[] = []
  const names = { image, ...(action === 'pull' ? { mirror } : {}), ...(action === 'build' ? { base } : {}) }
  for (const [field, name] of Object.entries(names)) {
    if (name === '' || isImageName(name)) continue
    found.push(error('image.name', text(`${name} is not the name of an image.`, `${name} 不是镜像名称。`), field))
  }
  if (action === 'pull') {
    const says = text(
      'The host itself asks the registry. Without internet: docker save elsewhere, upload the archive in the tab Files of the host, and load it here.',
      '由主机直接访问镜像仓库。无法上网时，可在其他机器 docker save，在主机的“文件”页上传归档文件，然后在此加载。',
    )
    found.push(note('image.internet', says, 'action'))
  }
  const needed = { ...(action === 'load' ? { archive } : {}), ...(action === 'build' ? { dockerfile } : {}) }
  for (const [field, path] of Object.entries({
    ...needed,
    ...(action === 'build' && context !== '' ? { context } : {}),
  })) {
    if (/^[/~]/.test(path)) continue
    if (path === '') {
      // As the form says of a field that always has to be filled in: no mistake before somebody was there.
      found.push(error('form.required', text('A file is needed.', '需要选择文件。'), field))
      continue
    }
    found.push(
      error('image.path', text('Write the whole path, from / or ~.', '请填写以 / 或 ~ 开头的完整路径。'), field),
    )
  }
  for (const line of action === 'build' ? buildArgs : []) {
    if (/^[A-Za-z_]\w*=/.test(line)) continue
    found.push(error('image.buildArg', text(`${line} is not NAME=value.`, `${line} 不是 名称=值。`), 'buildArgs'))
  }
  return found
}
