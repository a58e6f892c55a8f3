import type { HostFacts } from '#engine/protocol/host.ts'
import { error, note, warning, type Finding } from '../findings.ts'
import { listOf, text } from '../text.ts'
import type { ContainerValues } from './container-form.ts'
import { parseMount } from './container-mounts.ts'
import { chosenNumbers, hostNumbers } from './npu-numbers.ts'

/** A name with registry, tag or digest as docker takes it. */
const imageName = /^[a-z0-9][a-z0-9._:/-]*[a-zA-Z0-9._-]*(@sha256:[0-9a-f]{64})?$/i

/** True for what docker takes as the name of an image. */
export const isImageName = (image: string): boolean => image.length <= 512 && imageName.test(image)

/** All remarks about a container, those of the form aside. */
export const containerRules = (values: ContainerValues, facts: HostFacts): Finding[] => [
  ...nameRules(values),
  ...npuRules(values, facts),
  ...accessRules(values),
  ...mountRules(values, facts),
  ...sharingRules(values),
  ...environmentRules(values),
]

function nameRules({ image, name, replace }: ContainerValues): Finding[] {
  const found: Finding[] = []
  if (image !== '' && !isImageName(image)) {
    found.push(
      error('container.image', text(`${image} is not the name of an image.`, `${image} 不是镜像名称。`), 'image'),
    )
  } else if (image !== '' && !/[@:][^/]+$/.test(image)) {
    const says = text('Without a tag docker takes latest, which changes.', '未写标签时使用 latest，其内容会变化。')
    found.push(note('container.image.latest', says, 'image'))
  }
  if (name !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    const says = text(
      'Letters, digits, _ . and -, at least two, the first one a letter or digit.',
      '由字母、数字、_ . - 组成，至少两个字符，首字符为字母或数字。',
    )
    found.push(error('container.name', says, 'name'))
  }
  if (replace) {
    const says = text(
      `What was changed inside the old container ${name} and not in a mounted folder goes with it.`,
      `原容器 ${name} 中未存放在挂载目录里的改动会一并删除。`,
    )
    found.push(warning('container.replace', says, 'replace'))
  }
  return found
}

function npuRules({ npus, npuList }: ContainerValues, facts: HostFacts): Finding[] {
  const numbers = chosenNumbers(npus, npuList, facts)
  if (numbers === null) {
    return [
      error('container.npuList', text('Write numbers and ranges: 0,2-4.', '请填写编号与范围：0,2-4。'), 'npuList'),
    ]
  }
  const present = hostNumbers(facts)
  if (npus === 'none') return []
  if (present.length === 0) {
    const says = text(
      `This host shows no NPU. The plan names davinci${listOf(numbers)}, and its first step ends where they are missing.`,
      `此主机未发现 NPU。方案使用 davinci${listOf(numbers)}，缺少时第一步即终止。`,
    )
    return [warning('container.npusUnknown', says, npus === 'all' ? 'npus' : 'npuList')]
  }
  const absent = numbers.filter((number) => !present.includes(number))
  if (absent.length === 0) return []
  const says = text(
    `The host has davinci${listOf(present)}, not ${listOf(absent)}.`,
    `主机有 davinci${listOf(present)}，没有 ${listOf(absent)}。`,
  )
  return [error('container.npuMissing', says, 'npuList')]
}

function accessRules({ access, npus, user }: ContainerValues): Finding[] {
  const found: Finding[] = []
  if (access === 'privileged') {
    const says = text(
      'A privileged container sees every card and may hold it; two of them block each other (-8020), and nothing separates it from the host. Single device nodes give the same NPUs with clear ownership.',
      '特权容器能看到并占用所有卡，两个这样的容器会互相阻塞（-8020），且与主机没有隔离。逐个设备节点可使用同样的 NPU，归属清晰。',
    )
    found.push(warning('container.privileged', says, 'access'))
  }
  if (access === 'runtime' && npus !== 'none') {
    const says = text(
      'Needs the Ascend Docker Runtime on the host; it adds nodes, rights and driver libraries by itself.',
      '主机须已安装 Ascend Docker Runtime，由其添加设备节点、权限与驱动库。',
    )
    found.push(note('container.runtime', says, 'access'))
  }
  if (!/^(|[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?)$/.test(user)) {
    found.push(error('container.user', text('Write user or user:group.', '请填写 用户 或 用户:组。'), 'user'))
  } else if (npus !== 'none' && user !== '' && !/^(0|root)(:|$)/.test(user)) {
    const says = text(
      'NPU nodes open for HwHiAiUser and its group only (0660): give its number (id HwHiAiUser), and an image that has an entry for it.',
      'NPU 节点仅对 HwHiAiUser 及其组开放（0660）：请填写其编号（id HwHiAiUser），镜像中也须有该用户。',
    )
    found.push(warning('container.user.rights', says, 'user'))
  }
  return found
}

function mountRules(values: ContainerValues, { dirs }: HostFacts): Finding[] {
  const usesSystem = values.access !== 'runtime'
  const found: Finding[] = []
  const targets = new Set<string>(values.mountWorkspace ? [dirs.workspace] : [])
  for (const [field, lines] of [
    ['systemMounts', usesSystem ? values.systemMounts : []],
    ['mounts', values.mounts],
  ] as const) {
    for (const line of lines) {
      const mount = parseMount(line, dirs.home)
      if (!mount) {
        const says = text(
          `${line} is not host, host:container or host:container:ro with whole paths.`,
          `${line} 不符合 主机路径、主机路径:容器路径 或 主机路径:容器路径:ro，且须为完整路径。`,
        )
        found.push(error('container.mount', says, field))
        continue
      }
      if (targets.has(mount.target)) {
        const says = text(`${mount.target} is mounted twice.`, `${mount.target} 被挂载了两次。`)
        found.push(error('container.mount.twice', says, field))
      }
      targets.add(mount.target)
      if (mount.source === '/' || /^\/(var\/)?run(\/docker\.sock)?$/.test(mount.source)) {
        const says = text(
          `With ${mount.source} the container rules the whole host.`,
          `挂载 ${mount.source} 后，容器可控制整台主机。`,
        )
        found.push(warning('container.mount.host', says, field))
      }
    }
  }
  if (usesSystem && values.npus !== 'none' && ![...targets].some((path) => path.startsWith('/usr/local/Ascend'))) {
    const says = text(
      'Without /usr/local/Ascend/driver nothing inside can talk to an NPU.',
      '缺少 /usr/local/Ascend/driver，容器内无法使用 NPU。',
    )
    found.push(warning('container.mount.driver', says, 'systemMounts'))
  }
  return found
}

function sharingRules({ ipc, shmGib, network, ports, hostPids }: ContainerValues): Finding[] {
  const found: Finding[] = []
  if (ipc === 'host') {
    const says = text(
      'Data loaders share memory without limit, with every process of the host. Its own shared memory of 32 GiB keeps it apart.',
      '数据加载可无限制使用共享内存，但与主机所有进程共用。独立的 32 GiB 共享内存可实现隔离。',
    )
    found.push(note('container.ipcHost', says, 'ipc'))
  } else if (shmGib < 8) {
    const says = text(
      'Data loaders of eight NPUs run out of this; 32 GiB are usual.',
      '八卡数据加载会不够用，通常为 32 GiB。',
    )
    found.push(warning('container.shm', says, 'shmGib'))
  }
  if (network === 'host') {
    const says = text(
      'HCCL and SSH reach other hosts as they are; two jobs on one port clash. A container for one host may have a network of its own.',
      'HCCL 与 SSH 可直接访问其他主机，但任务间可能端口冲突。单机使用可选择独立网络。',
    )
    found.push(note('container.networkHost', says, 'network'))
  } else {
    const says = text('A training over several hosts needs the network of the host.', '多机训练需要使用主机网络。')
    found.push(note('container.networkBridge', says, 'network'))
    for (const port of ports.filter((line) => !/^(\d+\.\d+\.\d+\.\d+:)?\d{1,5}:\d{1,5}(\/(tcp|udp))?$/.test(line))) {
      found.push(error('container.port', text(`${port} is not host:container.`, `${port} 不是 主机:容器。`), 'ports'))
    }
  }
  if (hostPids) {
    const says = text(
      'npu-smi names the same processes inside; the container sees all processes of the host.',
      '容器内 npu-smi 的进程号与主机一致，但容器能看到主机的所有进程。',
    )
    found.push(note('container.hostPids', says, 'hostPids'))
  }
  return found
}

function environmentRules({ environment }: ContainerValues): Finding[] {
  return environment.flatMap((line): Finding[] => {
    const name = line.split('=')[0] ?? ''
    if (!line.includes('=') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return [
        error('container.environment', text(`${line} is not NAME=value.`, `${line} 不是 名称=值。`), 'environment'),
      ]
    }
    if (!/token|password|passwd|secret|api_?key/i.test(name)) return []
    const says = text(
      `${name} lies readable in the job’s folder and in docker inspect.`,
      `${name} 会以明文保存在任务目录与 docker inspect 中。`,
    )
    return [warning('container.secret', says, 'environment')]
  })
}
