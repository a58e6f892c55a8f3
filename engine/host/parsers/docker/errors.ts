import type { Text } from '../../../protocol/text.ts'
import { type Parser, say } from '../result.ts'

const KNOWN: readonly { error: string; pattern: RegExp; cause: Text }[] = [
  {
    error: 'RUNC_OWNER',
    pattern: /owner not right\b.*runc/i,
    cause: {
      en: 'The runc binary is not owned by root, so the Ascend runtime refuses to start it.',
      'zh-CN': 'runc 的属主不是 root，Ascend runtime 拒绝启动。',
    },
  },
  {
    error: 'DOCKER_NOT_FOUND',
    pattern: /docker: (?:command )?not found|docker：未找到命令/i,
    cause: { en: 'Docker is not installed, or not on PATH.', 'zh-CN': '未安装 Docker，或其不在 PATH 中。' },
  },
  {
    error: 'DOCKER_PERMISSION',
    pattern: /permission denied.*docker(?: API|\.sock| daemon)/i,
    cause: {
      en: 'This user may not talk to the Docker daemon; join the group docker or use root.',
      'zh-CN': '当前用户无权访问 Docker 守护进程；请加入 docker 用户组或使用 root。',
    },
  },
  {
    error: 'DOCKER_NOT_RUNNING',
    pattern: /Cannot connect to the Docker daemon/i,
    cause: { en: 'The Docker daemon does not run.', 'zh-CN': 'Docker 守护进程未运行。' },
  },
  {
    error: 'UNKNOWN_RUNTIME',
    pattern: /unknown(?: or invalid)? runtime(?: name| specified)?:? "?\w+/i,
    cause: {
      en: 'The daemon does not know that runtime; install ascend-docker-runtime and restart Docker, or mount by hand.',
      'zh-CN': '守护进程不认识该 runtime；请安装 ascend-docker-runtime 并重启 Docker，或手动挂载。',
    },
  },
  {
    error: 'DEVICE_NODE_MISSING',
    pattern: /error gathering device information.*no such file/i,
    cause: {
      en: 'A device node that the container asks for is not on the host.',
      'zh-CN': '容器要求的设备节点在主机上不存在。',
    },
  },
]

/** What Docker, its Ascend runtime or the shell printed in place of an answer. */
export const parseDockerError: Parser = (lines, locale) => {
  for (const { error, pattern, cause } of KNOWN) {
    const message = lines.find((line) => pattern.test(line))?.trim()
    if (message !== undefined) return { error, message, cause: say(cause, locale) }
  }
  return null
}
