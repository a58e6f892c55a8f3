import { folderField, multiSelectField, selectField, switchField, textField, textListField } from '../../fields.ts'
import { defineForm, group } from '../../form.ts'
import { plain, text } from '../../text.ts'
import { sourceChecks, stackNames, type SourceFamily, type SourceStack, type StackName } from './source-family.ts'

const fetched = { field: 'origin', in: ['internet'] }
const offline = { field: 'origin', in: ['offline'] }
const ownPython = { field: 'python', in: ['conda', 'venv'] }
const withPip = { field: 'python', in: ['conda', 'venv', 'existing'] }

/** Stacks of a family in the order in which they are offered. */
export const stacksOf = (family: SourceFamily): [StackName, SourceStack][] =>
  stackNames.flatMap((name) => {
    const stack = family[name]
    return stack === undefined ? [] : [[name, stack] as [StackName, SourceStack]]
  })

/** A repository as a line of the form: name, address, revision. */
const sourceLines = (stack: SourceStack | undefined): string[] =>
  stack?.sources.map(({ name, url, revision }) => `${name} ${url} ${revision}`) ?? []

/** The fields of the sources panel, with what a family's guides use as the defaults. */
export function sourceForm(family: SourceFamily) {
  const stacks = stacksOf(family)
  const [first] = stacks
  if (first === undefined) throw new Error('a family without frameworks needs no sources')
  const checks = [...new Set(stacks.flatMap(([, stack]) => stack.checks))]
  const only = (stack: StackName) => ({ field: 'stack', in: [stack] })
  const sourcesField = (name: StackName) =>
    textListField({
      title: text('Repositories', '代码仓'),
      help: text(
        'Only what differs from the guide, one per line: name, address, and a tag, branch or commit. -NAME leaves one out.',
        '仅填写与教程不同的部分，每行一个：名称、地址、标签或分支或提交。-名称 表示不获取。',
      ),
      default: sourceLines(family[name]),
      showIf: only(name),
    })
  const packagesField = (name: StackName) =>
    textListField({
      title: text('Packages', '软件包'),
      help: text(
        'Only what differs from the guide, one per line, as pip takes them; also paths of wheels. -NAME leaves one out.',
        '仅填写与教程不同的部分，每行一个，写法同 pip，也可填写 wheel 路径。-名称 表示不安装。',
      ),
      default: family[name]?.packages ?? [],
      showIf: only(name),
    })
  const all = defineForm(
    group('what', text('Framework', '框架'), {
      stack: selectField({
        title: text('Framework', '框架'),
        choices: stacks.map(([value, { label }]) => ({ value, label })),
        default: first[0],
      }),
      folder: folderField({
        title: text('Folder', '目录'),
        help: text(
          'Each repository gets a folder in it. Empty: sources/… in the workspace.',
          '每个代码仓在其中占一个目录。留空则为工作区下的 sources/…。',
        ),
      }),
      container: textField({
        title: text('Inside the container', '在容器中'),
        help: text(
          'Name of a running container; all paths are those inside. Empty: on the host itself.',
          '运行中容器的名称，所有路径均为容器内路径。留空则在主机上执行。',
        ),
      }),
      origin: selectField({
        title: text('Where from', '来源'),
        choices: [
          { value: 'internet', label: text('Internet or mirrors', '互联网或镜像站') },
          { value: 'offline', label: text('Files that were uploaded', '已上传的离线文件') },
        ],
        default: 'internet',
      }),
      bundles: folderField({
        title: text('Folder of offline files', '离线文件目录'),
        help: text(
          'Upload it in the tab Files of the host: NAME.bundle (git bundle create NAME.bundle --all) or NAME.tar.gz of each repository, and wheels in it or in its folder wheels.',
          '请先在主机的“文件”页上传：每个代码仓的 名称.bundle（git bundle create 名称.bundle --all）或 名称.tar.gz，wheel 放在其中或其 wheels 目录。',
        ),
        showIf: offline,
      }),
      existing: selectField({
        title: text('A folder with another version', '已有其他版本的目录'),
        choices: [
          { value: 'stop', label: text('Stop before anything changes', '在改动之前停止') },
          { value: 'switch', label: text('Switch it to this version', '切换到此版本') },
          { value: 'aside', label: text('Rename it and fetch anew', '改名保留并重新获取') },
        ],
        default: 'stop',
      }),
    }),
    group('versions', text('Versions', '版本'), {
      mindspeedSources: sourcesField('mindspeed'),
      mindspeedPackages: packagesField('mindspeed'),
      modellinkSources: sourcesField('modellink'),
      modellinkPackages: packagesField('modellink'),
      mindformersSources: sourcesField('mindformers'),
      mindformersPackages: packagesField('mindformers'),
    }),
    group('python', text('Python', 'Python 环境'), {
      python: selectField({
        title: text('Environment', '环境'),
        choices: [
          { value: 'conda', label: plain('conda') },
          { value: 'venv', label: plain('venv') },
          { value: 'existing', label: text('One that is there', '使用已有的 Python') },
          { value: 'none', label: text('Repositories only', '仅获取代码') },
        ],
        default: 'conda',
      }),
      environment: textField({
        title: text('Name', '名称'),
        help: text(
          'Of the conda environment, or of the folder of the venv beside the repositories.',
          'conda 环境的名称，或代码仓旁 venv 目录的名称。',
        ),
        default: first[1].folder,
        showIf: ownPython,
      }),
      pythonVersion: textField({
        title: text('Version of Python', 'Python 版本'),
        help: text('Empty: that of the guide.', '留空则使用教程的版本。'),
        placeholder: first[1].python,
        showIf: ownPython,
      }),
      interpreter: textField({
        title: text('Program', 'Python 程序'),
        default: 'python3',
        showIf: { field: 'python', in: ['existing'] },
      }),
      pipIndex: textField({
        title: text('Index of packages', 'pip 镜像源'),
        help: text('Empty: as pip is set up on the host.', '留空则使用主机上 pip 的配置。'),
        placeholder: 'https://pypi.tuna.tsinghua.edu.cn/simple',
        showIf: fetched,
      }),
      wheels: folderField({
        title: text('Folder of wheels', 'wheel 目录'),
        help: text(
          'Asked before the index; upload it in the tab Files of the host.',
          '优先于镜像源，请先在主机的“文件”页上传。',
        ),
        showIf: fetched,
      }),
      requirements: switchField({
        title: text('Lists of the repositories', '安装代码仓的依赖'),
        help: text('requirements.txt of each, and pip install -e.', '各代码仓的 requirements.txt 与 pip install -e。'),
        default: true,
        isExpert: true,
        showIf: withPip,
      }),
    }),
    group('verify', text('Verification', '验证'), {
      checks: multiSelectField({
        title: text('Checks', '检查'),
        help: text(
          'All but imports compute on an NPU. Those of the other framework are left out.',
          '除导入外均在 NPU 上计算。不属于所选框架的检查会跳过。',
        ),
        choices: sourceChecks
          .filter((value) => checks.includes(value))
          .map((value) => ({ value, label: value === 'imports' ? text('Imports', '模块导入') : plain(value) })),
        default: checks,
        showIf: withPip,
      }),
      cannEnv: textField({
        title: text('CANN environment script', 'CANN 环境脚本'),
        default: '/usr/local/Ascend/ascend-toolkit/set_env.sh',
        isExpert: true,
        showIf: withPip,
      }),
      nnalEnv: textField({
        title: text('NNAL environment script', 'NNAL 环境脚本'),
        help: text('Left out where it is not there.', '不存在时跳过。'),
        default: '/usr/local/Ascend/nnal/atb/set_env.sh',
        isExpert: true,
        showIf: withPip,
      }),
    }),
  )
  const missing = stackNames.filter((name) => family[name] === undefined)
  return all.without({ fields: missing.flatMap((name) => [`${name}Sources`, `${name}Packages`]) })
}

export type SourceValues = ReturnType<ReturnType<typeof sourceForm>['read']>['values']
