import type { NpuChip, NpuProcess } from '#engine/protocol/index.ts'

/** What cards, strip and charts say of a chip, whatever its generation. */
export interface ChipState {
  readonly key: string
  readonly npu: number
  readonly chip: number
  readonly name: string
  readonly health: string
  readonly isHealthy: boolean
  /** 0 to 100; null where the chip does not tell. */
  readonly busyPct: number | null
  /** True where the number is the whole NPU's, not the AI cores' alone. */
  readonly isWholeNpu: boolean
  readonly usedMB: number | null
  readonly totalMB: number | null
  readonly hasHbm: boolean
  readonly tempC: number | null
  readonly powerW: number | null
  readonly processes: readonly NpuProcess[]
}

/** Chips without HBM train in their other memory. */
export function chipState(chip: NpuChip, processes: readonly NpuProcess[]): ChipState {
  const number = chip.chip ?? 0
  const hasHbm = (chip.hbmTotalMB ?? 0) > 0
  const isWholeNpu = chip.aicorePct === null && chip.npuUtilPct !== undefined
  return {
    key: `${chip.npu}/${number}`,
    npu: chip.npu,
    chip: number,
    name: chip.name,
    health: chip.health,
    isHealthy: /^ok$/i.test(chip.health),
    busyPct: chip.aicorePct ?? chip.npuUtilPct ?? null,
    isWholeNpu,
    usedMB: hasHbm ? chip.hbmUsedMB : chip.memoryUsedMB,
    totalMB: hasHbm ? chip.hbmTotalMB : chip.memoryTotalMB,
    hasHbm,
    tempC: chip.tempC,
    powerW: chip.powerW,
    processes: processes.filter((process) => process.npu === chip.npu && process.chip === number),
  }
}

/** Mean of what is known, 0 to 100; null when nothing is. */
export function meanBusy(chips: readonly ChipState[]): number | null {
  const known = chips.map(({ busyPct }) => busyPct).filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
