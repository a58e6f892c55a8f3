import type { Text } from '../text.ts'

export const jobErrors = {
  'job.missing': {
    en: 'There is no job {id} on this host; it was probably removed. Refresh the list.',
    'zh-CN': '此主机上没有任务 {id}，可能已被删除。请刷新列表。',
  },
  'job.running': {
    en: 'Job {id} is still running, so it cannot be removed. Stop it first.',
    'zh-CN': '任务 {id} 仍在运行，无法删除。请先停止该任务。',
  },
  'job.cwdMissing': {
    en: 'The working folder {path} does not exist. Create it, or choose another one.',
    'zh-CN': '工作目录 {path} 不存在。请创建该目录，或选择其他目录。',
  },
  'job.noBash': {
    en: 'This host has no bash, which scripts need. Install it (on Windows: Git for Windows) or run a task instead.',
    'zh-CN': '此主机没有 bash，无法运行脚本。请安装 bash（Windows 上可安装 Git for Windows），或改用内置任务。',
  },
  'job.notStarted': {
    en: 'The job could not be started: {reason}. Check free space and permissions of {path}.',
    'zh-CN': '任务无法启动：{reason}。请检查 {path} 的剩余空间和权限。',
  },
  'job.exited': {
    en: 'The script ended with exit code {code}. The reason is at the end of its output.',
    'zh-CN': '脚本以退出码 {code} 结束，原因见输出末尾。',
  },
  'job.killed': {
    en: 'The job was ended by {signal} from outside, for example for lack of memory. Check the host, then run it again.',
    'zh-CN': '任务被外部信号 {signal} 终止（例如内存不足）。请检查主机后重新运行。',
  },
  'job.lost': {
    en: 'The host was restarted or the process vanished while the job ran, so its result is unknown. Run it again.',
    'zh-CN': '任务运行期间主机重启或进程消失，结果未知。请重新运行。',
  },
} as const satisfies Record<string, Text>
