import type { HostId, NpuChip, NpuSample, Text } from '#engine/protocol/index.ts'
import type { NpuAlert } from '#contract/index.ts'

/** Chips slow down or stop above about this; the cooling is to be looked at before. °C */
export const TEMPERATURE_LIMIT = 85
/** An alert about heat ends only this far below the limit, so that it does not come and go. °C */
const TEMPERATURE_SLACK = 3

type Found = Omit<NpuAlert, 'since' | 'host' | 'id'>

/**
 * What is wrong on a host by one sample. `known` are the chips seen so far on this connection: one that is missing from
 * a whole table has vanished. `before` are the alerts of the sample before, whose ids and times are kept.
 */
export function alertsOf(
  host: HostId,
  sample: NpuSample,
  known: ReadonlyMap<string, NpuChip>,
  before: readonly NpuAlert[],
): NpuAlert[] {
  const { table, problem } = sample
  const found: Found[] = []
  if (problem !== null && known.size > 0) found.push({ kind: 'tool', npu: null, chip: null, text: problem.text })
  if (table !== null) {
    const isWarm = (chip: NpuChip): boolean => before.some((alert) => isAbout(alert, 'temperature', chip))
    for (const chip of table.npus) found.push(...chipAlerts(chip, isWarm(chip)))
    found.push(...eccAlerts(sample))
    // A damaged table may only be cut.
    if (table.damaged !== true) found.push(...vanished(table.npus, known))
  }
  return found.map((alert) => {
    const id = [host, alert.kind, alert.npu ?? '', alert.chip ?? ''].join(' ')
    const earlier = before.find((other) => other.id === id)
    return { ...alert, id, host, since: earlier?.since ?? sample.at }
  })
}

/** A chip's place on its host; a card's number is a name, not an index. */
export const chipKey = ({ npu, chip }: Pick<NpuChip, 'npu' | 'chip'>): string => `${npu}/${chip ?? 0}`

const isAbout = (alert: NpuAlert, kind: NpuAlert['kind'], chip: NpuChip): boolean =>
  alert.kind === kind && alert.npu === chip.npu && alert.chip === chip.chip

function chipAlerts(chip: NpuChip, isWarm: boolean): Found[] {
  const place = { npu: chip.npu, chip: chip.chip }
  const alerts: Found[] = []
  const limit = isWarm ? TEMPERATURE_LIMIT - TEMPERATURE_SLACK : TEMPERATURE_LIMIT
  if (chip.tempC !== null && chip.tempC >= limit) {
    const text = say(chip, `has ${chip.tempC} °C: look at the cooling`, `温度 ${chip.tempC} °C：请检查散热`)
    alerts.push({ kind: 'temperature', ...place, text })
  }
  if (!/^ok$/i.test(chip.health)) {
    const text = say(
      chip,
      `reports ${chip.health || 'no health'}: npu-smi info -t health -i ${chip.npu} says why`,
      `健康状态为 ${chip.health || '未知'}：可用 npu-smi info -t health -i ${chip.npu} 查看原因`,
    )
    alerts.push({ kind: 'health', ...place, text })
  }
  return alerts
}

/** Errors that were corrected are no reason to act; the others are, until the card is reset. */
function eccAlerts({ table, ecc }: NpuSample): Found[] {
  return (ecc?.chips ?? []).flatMap(({ npu, chip: number, doubleBit }) => {
    const chip = table?.npus.find((other) => other.npu === npu && (other.chip ?? 0) === number)
    if (!chip || doubleBit === 0) return []
    const text = say(
      chip,
      `has ${doubleBit} memory errors that could not be corrected (double-bit ECC): results may be wrong. Move the work elsewhere and reset the card; npu-smi info -t ecc -i ${npu} shows the counters`,
      `有 ${doubleBit} 个无法纠正的内存错误（双比特 ECC）：结果可能有误。请将任务移到其他卡并复位该卡；可用 npu-smi info -t ecc -i ${npu} 查看计数`,
    )
    return [{ kind: 'ecc' as const, npu, chip: chip.chip, text }]
  })
}

function vanished(present: readonly NpuChip[], known: ReadonlyMap<string, NpuChip>): Found[] {
  const here = new Set(present.map(chipKey))
  return [...known.values()]
    .filter((chip) => !here.has(chipKey(chip)))
    .map((chip) => ({
      kind: 'vanished' as const,
      npu: chip.npu,
      chip: chip.chip,
      text: say(chip, 'is gone: it may have dropped off the PCIe bus (lspci)', '已消失：可能从 PCIe 总线掉线（lspci）'),
    }))
}

function say({ npu, chip }: NpuChip, en: string, zh: string): Text {
  const part = chip === null || chip === 0 ? '' : `/${chip}`
  return { en: `NPU ${npu}${part} ${en}.`, 'zh-CN': `NPU ${npu}${part} ${zh}。` }
}
