import { largestOf, multiplyBy, shiftedExponentials } from './exponential'

/** Math.log of the host: the library's own comes with tables in memory, and the memory belongs to the caller. */
declare function log(x: f64): f64

/**
 * Sum over the rows of -log softmax(logits)[target]. The logits are replaced by gradScale * (softmax - onehot), the
 * gradient of gradScale times that sum.
 */
export function crossEntropy(logits: usize, targets: usize, rows: u32, n: u32, gradScale: f32): f64 {
  let loss: f64 = 0
  for (let r: u32 = 0; r < rows; ++r) {
    const at = logits + ((load<u32>(targets + (r << 2)) as usize) << 2)
    const chosen = load<f32>(at)
    const largest = largestOf(logits, n)
    const sum = shiftedExponentials(logits, n, largest)
    loss += log(sum as f64) + ((largest as f64) - (chosen as f64))
    multiplyBy(logits, n, gradScale / sum)
    store<f32>(at, load<f32>(at) - gradScale)
    logits += (n as usize) << 2
  }
  return loss
}
