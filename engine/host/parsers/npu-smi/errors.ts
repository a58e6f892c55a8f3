import type { Locale, Text } from '../../../protocol/text.ts'
import { type Parsed, say } from '../result.ts'

interface Known {
  error: string
  pattern: RegExp
  meaning: Text
}

/** What npu-smi and the shell print instead of an answer. */
const KNOWN: readonly Known[] = [
  {
    error: 'DEVICE_IN_USE',
    pattern: /dcmi.*device is used|ret is -8020/i,
    meaning: {
      en: 'Another container or process tree holds the cards; a card belongs to one container unless device-share is on.',
      'zh-CN': '其他容器或进程占用了这些卡；除非开启 device-share，一张卡只能属于一个容器。',
    },
  },
  {
    error: 'DCMI_INIT_FAILED',
    pattern: /dcmi mod\w* initialized? failed|ret is -8005/i,
    meaning: {
      en: 'The management library cannot start: no right on the device nodes, a node not passed into the container, a card held by another container, or a driver that was replaced without a restart.',
      'zh-CN': '管理库无法启动：没有设备节点权限、节点未传入容器、卡被其他容器占用，或更换驱动后未重启。',
    },
  },
  {
    error: 'INVALID_CARD_ID',
    pattern: /invalid card id|error parameter of -i/i,
    meaning: {
      en: 'There is no such card on this host now: the number is wrong, or the card dropped off the PCIe bus (compare with lspci).',
      'zh-CN': '此主机当前没有该卡：编号错误，或该卡已从 PCIe 总线掉线（请与 lspci 对比）。',
    },
  },
  {
    error: 'INVALID_CHIP_ID',
    pattern: /invalid chip id|error parameter of -c/i,
    meaning: {
      en: 'The card has no chip of that number; `npu-smi info -m` lists them.',
      'zh-CN': '该卡没有此编号的芯片；可用 `npu-smi info -m` 列出。',
    },
  },
  {
    error: 'UNSUPPORTED_QUERY',
    pattern: /error parameter of -t|does not support querying|not support(?:ed)?\b.*(?:query|command|device)/i,
    meaning: {
      en: 'This product does not offer the query; asking again is of no use.',
      'zh-CN': '此产品不支持该查询，无需重试。',
    },
  },
  {
    error: 'NPU_SMI_NOT_FOUND',
    pattern: /npu-smi: (?:command )?not found|npu-smi:?\s*(?:No such file|未找到命令)|npu-smi' not found/i,
    meaning: {
      en: 'The driver is not installed, or npu-smi is not mounted or not on PATH (/usr/local/bin or /usr/local/sbin).',
      'zh-CN': '驱动未安装，或 npu-smi 未挂载、不在 PATH 中（/usr/local/bin 或 /usr/local/sbin）。',
    },
  },
  {
    error: 'LIBRARY_NOT_FOUND',
    pattern: /error while loading shared libraries:\s*(?<library>[^:\s]+)/i,
    meaning: {
      en: "The driver's libraries are not on the loader's path; add driver/lib64, lib64/common and lib64/driver to LD_LIBRARY_PATH.",
      'zh-CN': '加载器找不到驱动库；请将 driver/lib64、lib64/common、lib64/driver 加入 LD_LIBRARY_PATH。',
    },
  },
  {
    error: 'PERMISSION_DENIED',
    pattern: /npu-smi: Permission denied/i,
    meaning: {
      en: 'This user may not run npu-smi; ask for membership in the group of the driver.',
      'zh-CN': '当前用户无权运行 npu-smi；请申请加入驱动所属用户组。',
    },
  },
  {
    error: 'NPU_SMI_FAILED',
    pattern: /\bret(?:urn)?(?: code)? is -\d+|^\s*fail(?:ed)? to\b/i,
    meaning: {
      en: 'The query failed in the driver; the number tells where.',
      'zh-CN': '查询在驱动中失败；返回码指示位置。',
    },
  },
]

/** An output that is an error: which one, the number it ends in, the line, and what it means. */
export function parseNpuSmiError(lines: string[], locale: Locale): Parsed | null {
  for (const { error, pattern, meaning } of KNOWN) {
    const message = lines.find((line) => pattern.test(line))?.trim()
    if (message === undefined) continue
    const ret = /ret(?:urn code)? (?:is )?(-?\d+)/.exec(message)?.[1]
    const library = pattern.exec(message)?.groups?.library
    return {
      kind: 'error',
      error,
      ...(ret === undefined ? {} : { ret: Number(ret) }),
      ...(library === undefined ? {} : { library }),
      message,
      meaning: say(meaning, locale),
    }
  }
  return null
}
