import type { HostId } from '#engine/protocol/index.ts'
import type { NpuReading } from '#engine/protocol/npu-records.ts'
import type { NpuPoint, NpuSeries } from '#contract/index.ts'
import type { Database } from './database.ts'

/** Stretches that points are gathered in, and how long each kind is kept. Seconds. */
const LEVELS = [
  { stepS: 10, keptS: 6 * 3600 },
  { stepS: 60, keptS: 3 * 86_400 },
  { stepS: 900, keptS: 120 * 86_400 },
  { stepS: 7200, keptS: 3 * 366 * 86_400 },
] as const

interface Row {
  at: number
  npu: number
  chip: number
  samples: number
  aicore_sum: number
  aicore_max: number
  hbm_used_sum: number
  hbm_used_max: number
  hbm_total: number
  temp_sum: number
  temp_max: number
  power_sum: number
  power_max: number
}

/** Table `npu_points`: what NPUs did, in stretches that grow with their age, so that months cost megabytes. */
export class NpuPointsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Adds one sample of all chips of a host, where it is not too old to be kept. @param at, now milliseconds */
  add(host: HostId, at: number, chips: readonly NpuReading[], now = at): void {
    const statement = this.#database.connection.prepare(`
      INSERT INTO npu_points VALUES (
        @host, @level, @at, @npu, @chip, 1,
        @aicore, @aicore, @hbmUsed, @hbmUsed, @hbmTotal, @temp, @temp, @power, @power
      )
      ON CONFLICT DO UPDATE SET
        samples = samples + 1,
        aicore_sum = aicore_sum + excluded.aicore_sum, aicore_max = max(aicore_max, excluded.aicore_max),
        hbm_used_sum = hbm_used_sum + excluded.hbm_used_sum, hbm_used_max = max(hbm_used_max, excluded.hbm_used_max),
        hbm_total = excluded.hbm_total,
        temp_sum = temp_sum + excluded.temp_sum, temp_max = max(temp_max, excluded.temp_max),
        power_sum = power_sum + excluded.power_sum, power_max = max(power_max, excluded.power_max)`)
    const seconds = Math.floor(at / 1000)
    this.#database.transaction(() => {
      for (const { stepS, keptS } of LEVELS) {
        const from = seconds - (seconds % stepS)
        if (from < Math.floor(now / 1000) - keptS) continue
        for (const chip of chips) {
          statement.run({ host, level: stepS, at: from, npu: chip.npu, chip: chip.chip, ...valuesOf(chip) })
        }
      }
    })
  }

  /** The finest stretches that give at most `points` per chip and reach back to `from`. @param from milliseconds */
  series(host: HostId, from: number, to: number, points: number, now: number): { stepMs: number; series: NpuSeries[] } {
    const span = (to - from) / 1000
    const age = (now - from) / 1000
    const level = LEVELS.find(({ stepS, keptS }) => span / stepS <= points && age <= keptS) ?? LEVELS[3]
    const rows = this.#database.connection
      .prepare('SELECT * FROM npu_points WHERE host = ? AND level = ? AND at >= ? AND at < ? ORDER BY at, npu, chip')
      .all(host, level.stepS, Math.floor(from / 1000) - level.stepS, Math.ceil(to / 1000)) as Row[]
    const byChip = new Map<string, NpuSeries>()
    for (const row of rows) {
      const key = `${row.npu}/${row.chip}`
      const found = byChip.get(key) ?? { npu: row.npu, chip: row.chip, points: [] }
      found.points.push(pointOf(row))
      byChip.set(key, found)
    }
    const series = [...byChip.values()].sort((a, b) => a.npu - b.npu || a.chip - b.chip)
    return { stepMs: level.stepS * 1000, series }
  }

  /** Deletes what is older than its kind is kept. @param now milliseconds */
  forgetOld(now: number): void {
    const statement = this.#database.connection.prepare('DELETE FROM npu_points WHERE level = ? AND at < ?')
    this.#database.transaction(() => {
      for (const { stepS, keptS } of LEVELS) statement.run(stepS, Math.floor(now / 1000) - keptS)
    })
  }

  remove(host: HostId): void {
    this.#database.connection.prepare('DELETE FROM npu_points WHERE host = ?').run(host)
  }
}

/** What a chip does not tell counts as nothing. */
const valuesOf = ({ busyPct, usedMB, totalMB, tempC, powerW }: NpuReading): Record<string, number> => ({
  aicore: busyPct ?? 0,
  hbmUsed: usedMB ?? 0,
  hbmTotal: totalMB ?? 0,
  temp: tempC ?? 0,
  power: powerW ?? 0,
})

const pointOf = (row: Row): NpuPoint => ({
  at: row.at * 1000,
  aicore: row.aicore_sum / row.samples,
  aicoreMax: row.aicore_max,
  hbmUsedMB: row.hbm_used_sum / row.samples,
  hbmUsedMaxMB: row.hbm_used_max,
  hbmTotalMB: row.hbm_total,
  temp: row.temp_sum / row.samples,
  tempMax: row.temp_max,
  power: row.power_sum / row.samples,
  powerMax: row.power_max,
})
