import {
  integerField,
  multiSelectField,
  optionalIntegerField,
  selectField,
  switchField,
  textField,
  textListField,
} from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { plain, text } from '../text.ts'
import { frameworkChecks, type ContainerFamily } from './container-family.ts'

const withNodes = { field: 'access', in: ['devices', 'privileged'] }

/** The fields of the container panel, with what a family's guide uses as the defaults. */
export const containerForm = (family: ContainerFamily) =>
  defineForm(
    group('what', text('Container', '容器'), {
      image: textField({
        title: text('Image', '镜像'),
        help: text(
          'Has to be on the host already; the panel Image brings it there.',
          '须已在主机上，可先用“镜像”面板获取。',
        ),
        placeholder: 'name:tag',
        default: family.image,
        isRequired: true,
      }),
      name: textField({ title: text('Name', '名称'), default: family.container, isRequired: true }),
      replace: switchField({
        title: text('Replace a container of this name', '替换同名容器'),
        help: text(
          'Off: nothing happens where the name is taken. On: that container goes once the new one runs.',
          '关闭：名称已被占用时不做任何操作。开启：新容器运行后删除原容器。',
        ),
        default: false,
      }),
      command: textField({
        title: text('Command', '启动命令'),
        help: text(
          'For bash inside the container. Empty: a shell that keeps the container running.',
          '由容器内的 bash 执行。留空则启动一个保持运行的 shell。',
        ),
        isExpert: true,
      }),
    }),
    group('npus', text('NPUs', 'NPU'), {
      npus: selectField({
        title: text('NPUs', 'NPU'),
        choices: [
          { value: 'all', label: text('All of the host', '主机的全部 NPU') },
          { value: 'list', label: text('Some', '部分') },
          { value: 'none', label: text('None', '不使用') },
        ],
        default: 'all',
      }),
      npuList: textField({
        title: text('Numbers', '编号'),
        help: text(
          'Numbers of the device nodes: 0,2-4 is davinci0, 2, 3 and 4.',
          '设备节点编号：0,2-4 即 davinci0、2、3、4。',
        ),
        placeholder: '0-3',
        showIf: { field: 'npus', in: ['list'] },
      }),
      access: selectField({
        title: text('Access', '访问方式'),
        help: text(
          'How the container gets at the NPUs; the findings say what each way costs.',
          '容器访问 NPU 的方式，各方式的代价见检查结果。',
        ),
        choices: [
          { value: 'devices', label: text('Single device nodes', '逐个设备节点') },
          { value: 'runtime', label: text('Ascend Docker Runtime', 'Ascend Docker Runtime 运行时') },
          { value: 'privileged', label: text('Device nodes and --privileged', '设备节点加 --privileged') },
        ],
        default: family.isPrivileged ? 'privileged' : 'devices',
      }),
      user: textField({
        title: text('User', '用户'),
        help: text(
          'Number or name, with :group if wanted. Empty: that of the image.',
          '编号或名称，可加 :组。留空则用镜像的用户。',
        ),
        default: '0',
      }),
    }),
    group('mounts', text('Folders', '目录'), {
      mounts: textListField({
        title: text('Own folders', '自有目录'),
        help: text(
          'One per line: host, host:container or host:container:ro. All of them have to exist.',
          '每行一个：主机路径、主机路径:容器路径 或 主机路径:容器路径:ro。须全部存在。',
        ),
        placeholder: '/data:/mnt/model',
        default: [],
      }),
      mountWorkspace: switchField({
        title: text('The workspace, at the same path', '以相同路径挂载工作区'),
        help: text('Results of the workbench are then seen by the container too.', '容器内也能看到工作台的结果。'),
        default: true,
      }),
      systemMounts: textListField({
        title: text('Folders of driver and tools', '驱动与工具目录'),
        help: text(
          'As the guide lists them. What the host does not have is left out.',
          '取自教程。主机上没有的会被跳过。',
        ),
        default: family.systemMounts,
        isExpert: true,
        showIf: withNodes,
      }),
    }),
    group('isolation', text('Sharing with the host', '与主机共享'), {
      ipc: selectField({
        title: text('Shared memory', '共享内存'),
        choices: [
          { value: 'host', label: text('That of the host (--ipc=host)', '使用主机的（--ipc=host）') },
          { value: 'private', label: text('Its own', '独立') },
        ],
        default: 'host',
      }),
      shmGib: integerField({
        title: text('Size of the shared memory', '共享内存大小'),
        unit: plain('GiB'),
        default: 32,
        min: 1,
        max: 4096,
        showIf: { field: 'ipc', in: ['private'] },
      }),
      network: selectField({
        title: text('Network', '网络'),
        choices: [
          { value: 'host', label: text('That of the host', '使用主机网络') },
          { value: 'bridge', label: text('Its own (bridge)', '独立（bridge）') },
        ],
        default: 'host',
      }),
      ports: textListField({
        title: text('Ports', '端口'),
        help: text('One per line, host:container.', '每行一个，主机:容器。'),
        placeholder: '8080:8080',
        default: [],
        showIf: { field: 'network', in: ['bridge'] },
      }),
      hostPids: switchField({
        title: text('Processes of the host (--pid=host)', '主机进程（--pid=host）'),
        default: false,
        isExpert: true,
      }),
      environment: textListField({
        title: text('Environment', '环境变量'),
        help: text('One NAME=value per line.', '每行一个 名称=值。'),
        default: [],
        isExpert: true,
      }),
      memoryGib: optionalIntegerField({
        title: text('Memory limit', '内存上限'),
        unit: plain('GiB'),
        min: 1,
        isExpert: true,
      }),
    }),
    group('verify', text('Verification', '验证'), {
      checks: multiSelectField({
        title: text('Checks inside', '容器内检查'),
        help: text(
          'Besides npu-smi. Each of them computes on an NPU, which takes up to some minutes.',
          '在 npu-smi 之外执行。每项都会在 NPU 上计算，可能需要几分钟。',
        ),
        choices: frameworkChecks.map((value) => ({ value, label: plain(value) })),
        default: family.checks,
      }),
      cannEnv: textField({
        title: text('CANN environment script', 'CANN 环境脚本'),
        help: text('A path inside the container; read before the checks.', '容器内路径，检查前加载。'),
        default: '/usr/local/Ascend/ascend-toolkit/set_env.sh',
        isExpert: true,
      }),
      pythonPath: textField({
        title: text('PYTHONPATH', 'PYTHONPATH 路径'),
        help: text('Inside the container, for the checks.', '容器内路径，用于检查。'),
        default: family.pythonPath ?? '',
        isExpert: true,
      }),
    }),
  )

export type ContainerValues = ReturnType<ReturnType<typeof containerForm>['read']>['values']
