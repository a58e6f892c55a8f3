import { countParameters, error, formatBytes, note, text, warning, type Finding, type ShapeNumbers } from '#plugin-api'
import type { TrainValues } from './form.ts'

const GIB = 1024 ** 3

/** `DP = world / (TP × PP)` and `GBS / (MBS × DP)` have to be whole numbers. */
export function checkBatch(values: TrainValues): Finding[] {
  const { nodes, npusPerNode, tp, pp, microBatchSize, globalBatchSize } = values
  const world = nodes * npusPerNode
  if (world % (tp * pp) !== 0) {
    return [
      error(
        'cluster.world',
        text(
          `${nodes} × ${npusPerNode} = ${world} NPUs are not a multiple of TP × PP = ${tp} × ${pp} = ${tp * pp}.`,
          `${nodes} × ${npusPerNode} = ${world} 张卡不是 TP × PP = ${tp} × ${pp} = ${tp * pp} 的整数倍。`,
        ),
        world < tp * pp ? 'npusPerNode' : 'tp',
      ),
    ]
  }
  const dp = world / (tp * pp)
  const findings: Finding[] = [
    note(
      'cluster.dp',
      text(`${world} NPUs = TP ${tp} × PP ${pp} × DP ${dp}.`, `${world} 张卡 = TP ${tp} × PP ${pp} × DP ${dp}。`),
      'npusPerNode',
    ),
  ]
  const perStep = microBatchSize * dp
  if (globalBatchSize % perStep !== 0) {
    const below = Math.floor(globalBatchSize / perStep) * perStep
    const choices = below > 0 ? `${below}, ${below + perStep}` : String(perStep)
    findings.push(
      error(
        'cluster.globalBatch',
        text(
          `GBS ${globalBatchSize} is not a multiple of MBS × DP = ${microBatchSize} × ${dp} = ${perStep}. Near by: ${choices}.`,
          `GBS ${globalBatchSize} 不是 MBS × DP = ${microBatchSize} × ${dp} = ${perStep} 的整数倍。相近的值：${choices}。`,
        ),
        'globalBatchSize',
      ),
    )
  } else if (globalBatchSize / perStep < pp) {
    const micro = globalBatchSize / perStep
    findings.push(
      warning(
        'cluster.bubble',
        text(
          `${micro} micro batches per step over ${pp} pipeline stages: some stages wait all the time. Use at least GBS ${perStep * pp}.`,
          `每步 ${micro} 个微批，流水线有 ${pp} 个阶段，部分阶段将一直等待。GBS 至少取 ${perStep * pp}。`,
        ),
        'globalBatchSize',
      ),
    )
  }
  if (tp > npusPerNode) {
    findings.push(
      warning(
        'cluster.tpAcrossHosts',
        text(
          `TP ${tp} is above the ${npusPerNode} NPUs of a host: every layer waits for the network.`,
          `TP ${tp} 超过单节点 ${npusPerNode} 张卡，每一层都要等待网络通信。`,
        ),
        'tp',
      ),
    )
  }
  return findings
}

interface Memory {
  readonly total: number
  readonly arithmetic: string
}

/**
 * Bytes per NPU for weights, gradients and optimiser, before activations. Mixed precision with Adam keeps 18 bytes per
 * trained parameter (bf16 weight 2, fp32 gradient 4, fp32 master weight and two moments 12); a frozen one keeps 2.
 */
export function estimateMemory(values: TrainValues, shape: ShapeNumbers): Memory {
  const parameters = countParameters(shape) / (values.tp * values.pp)
  const billions = (count: number) => `${(count / 1e9).toFixed(2)} B`
  if (values.method === 'full') {
    const total = parameters * 18
    return { total, arithmetic: `${billions(parameters)} × 18 = ${formatBytes(total)}` }
  }
  const trained = loraParameters(values, shape) / (values.tp * values.pp)
  const total = parameters * 2 + trained * 18
  return { total, arithmetic: `${billions(parameters)} × 2 + ${billions(trained)} × 18 = ${formatBytes(total)}` }
}

/** LoRA adds rank × (in + out) per matrix. Megatron's fused modules take q, k, v and gate, up together. */
function loraParameters({ loraRank, loraTargets }: TrainValues, shape: ShapeNumbers): number {
  const { hidden, ffn, heads, kvGroups, headDim, layers } = shape
  const has = (...names: readonly string[]) => loraTargets.some((target) => names.includes(target))
  let width = 0
  if (has('q', 'k', 'v')) width += hidden + (heads + 2 * kvGroups) * headDim
  if (has('o')) width += heads * headDim + hidden
  if (has('gate', 'up')) width += hidden + 2 * ffn
  if (has('down')) width += ffn + hidden
  return width * loraRank * layers
}

/** Against the HBM of the chips: 32 GiB on 910A, 64 GiB on 910B. */
export function checkMemory({ total, arithmetic }: Memory): Finding[] {
  const en = `Weights, gradients and optimiser per NPU: ${arithmetic}, activations come on top.`
  const chinese = `每卡权重、梯度与优化器：${arithmetic}，激活值另计。`
  if (total > 64 * GIB) {
    const message = text(
      `${en} That is more than the 64 GiB of a 910B. Use a larger TP or PP, or LoRA.`,
      `${chinese}已超过 910B 的 64 GiB。请增大 TP 或 PP，或使用 LoRA。`,
    )
    return [error('cluster.memory', message, 'tp')]
  }
  if (total > 32 * GIB) {
    const message = text(
      `${en} It fits a 910B (64 GiB), not a 910A (32 GiB).`,
      `${chinese}适用于 910B（64 GiB），不适用于 910A（32 GiB）。`,
    )
    return [warning('cluster.memory', message, 'tp')]
  }
  return [note('cluster.memory', text(en, chinese), 'tp')]
}
