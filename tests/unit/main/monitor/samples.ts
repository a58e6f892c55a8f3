import type { NpuChip, NpuSample } from '#engine/protocol/index.ts'

/** A healthy chip at work. */
export const chipOf = (npu: number, over: Partial<NpuChip> = {}): NpuChip => ({
  npu,
  chip: 0,
  name: '910B3',
  health: 'OK',
  powerW: 100,
  tempC: 50,
  hugepagesUsed: 0,
  hugepagesTotal: 0,
  busId: null,
  aicorePct: 40,
  memoryUsedMB: 0,
  memoryTotalMB: 0,
  hbmUsedMB: 30_000,
  hbmTotalMB: 65_536,
  ...over,
})

export const sampleOf = (npus: NpuChip[], at = 1_700_000_000_000): NpuSample => ({
  at,
  tookMs: 100,
  table: { kind: 'info', npuSmiVersion: '24.1.rc2', driver: '24.1.rc2', npus, processes: [] },
  owners: {},
  problem: null,
})
