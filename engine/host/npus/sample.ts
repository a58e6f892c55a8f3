import { NpuTable, type NpuProblem, type NpuSample } from '../../protocol/npus.ts'
import { parseHostText } from '../parsers/index.ts'
import { ownersOf } from './owners.ts'
import { runTool } from '../run-tool.ts'

const RAW_CHARS = 4000

/** One look at all NPUs: one process of npu-smi whatever their number. Never throws. */
export async function sampleNpus(signal?: AbortSignal): Promise<NpuSample> {
  const at = Date.now()
  const startedAt = performance.now()
  const { text, isMissing, timedOut } = await runTool('npu-smi', ['info'], signal)
  const tookMs = Math.round(performance.now() - startedAt)
  if (isMissing) return { at, tookMs, table: null, owners: {}, problem: missing }
  const parsed = NpuTable.safeParse(parseHostText('npu-smi', text))
  if (parsed.success) {
    return { at, tookMs, table: parsed.data, owners: await ownersOf(parsed.data.processes), problem: null }
  }
  return {
    at,
    tookMs,
    table: null,
    owners: {},
    problem: timedOut ? { ...silent, raw: text.slice(0, RAW_CHARS) } : problemOf(text),
  }
}

const missing: NpuProblem = {
  code: 'NPU_SMI_NOT_FOUND',
  text: {
    en: 'npu-smi is not on this host: the driver is not installed, or the tool is not mounted into this container.',
    'zh-CN': '此主机没有 npu-smi：驱动未安装，或该工具未挂载到容器中。',
  },
  raw: '',
}

const silent: NpuProblem = {
  code: 'NPU_SMI_TIMEOUT',
  text: {
    en: 'npu-smi gave no answer within 30 seconds: a card may hang. Look at dmesg and at the health of each card.',
    'zh-CN': 'npu-smi 在 30 秒内没有响应：可能有卡挂死。请查看 dmesg 与各卡健康状态。',
  },
  raw: '',
}

/** What the tool printed instead of a table. */
function problemOf(text: string): NpuProblem {
  const en = parseHostText('npu-smi', text, 'en')
  const zh = parseHostText('npu-smi', text, 'zh-CN')
  const raw = text.trim().slice(0, RAW_CHARS)
  if (typeof en['error'] === 'string' && typeof en['meaning'] === 'string' && typeof zh['meaning'] === 'string') {
    return { code: en['error'], text: { en: en['meaning'], 'zh-CN': zh['meaning'] }, raw }
  }
  return {
    code: 'NPU_SMI_UNREADABLE',
    text: {
      en: 'npu-smi printed something that is not understood; it is shown as it is.',
      'zh-CN': 'npu-smi 的输出无法识别，原样显示如下。',
    },
    raw,
  }
}
