import { doctor as doctorContract } from '#contract/index.ts'
import { doctor as engineDoctor, type DoctorItem } from '#engine/protocol/doctor.ts'
import { engine as engineTopic, PROTOCOL_VERSION } from '#engine/protocol/host.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { Clock } from '../clock.ts'
import type { EnginePool } from '../engines/pool.ts'

/** More apart than this, and logs of several hosts cannot be compared; some launchers give up. */
const WORST_SKEW_MS = 5000

export const doctorTopic = (engines: EnginePool, clock: Clock): Service =>
  implement(doctorContract, {
    check: async ({ host, container }, { signal }) => {
      const connection = await engines.of(host).ready(signal)
      const report = await connection.topic(engineDoctor).check({ container }, { signal })
      const askedAt = clock.now()
      const { now } = await connection.topic(engineTopic).hello({ protocol: PROTOCOL_VERSION }, { signal })
      // The answer was given about half way between asking and hearing.
      const skewMs = now === undefined ? undefined : now - (askedAt + clock.now()) / 2
      const items = skewMs === undefined ? report.items : [...report.items, skewItem(skewMs)]
      return { ...report, items }
    },
    containers: async ({ host }, { signal }) => {
      const client = await engines.of(host).client(engineDoctor, signal)
      return await client.containers({}, { signal })
    },
  })

function skewItem(skewMs: number): DoctorItem {
  const seconds = (skewMs / 1000).toFixed(1)
  const item = {
    id: 'clock-skew',
    group: 'network',
    title: { en: 'Clock against this computer', 'zh-CN': '与本机的时钟偏差' },
    value: `${skewMs > 0 ? '+' : ''}${seconds} s`,
    command: 'date -u',
  } as const
  if (Math.abs(skewMs) <= WORST_SKEW_MS) return { ...item, verdict: 'ok' }
  return {
    ...item,
    verdict: 'warning',
    reason: {
      en: `The clocks are ${seconds} seconds apart: logs of several hosts cannot be compared, certificates may fail.`,
      'zh-CN': `时钟相差 ${seconds} 秒：多台主机的日志无法对照，证书校验也可能失败。`,
    },
    remedy: {
      en: 'Set the time by NTP: timedatectl set-ntp true.',
      'zh-CN': '请启用 NTP 校时：timedatectl set-ntp true。',
    },
  }
}
