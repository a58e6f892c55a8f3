export interface Schedule {
  readonly steps: number
  readonly warmupSteps: number
  readonly learningRate: number
  readonly minLearningRate: number
}

/**
 * The learning rate of a step (the first is 1): linear up to the full rate at step `warmupSteps`, full once more, then
 * half a cosine that would reach the minimum one step after the last.
 */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { steps, warmupSteps, learningRate, minLearningRate } = schedule
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps
  const progress = Math.min(1, (step - 1 - warmupSteps) / Math.max(1, steps - warmupSteps))
  return minLearningRate + (learningRate - minLearningRate) * 0.5 * (1 + Math.cos(Math.PI * progress))
}
