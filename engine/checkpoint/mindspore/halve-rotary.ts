import { invalid, someRows, stackedRows, unchanged, type Rewriting } from './rewrite.ts'

/**
 * Rewrites files of MindFormers before its rotary embedding was that of Hugging Face: within each head of `wq` and `wk`
 * the even rows come first, then the odd ones.
 *
 * @param heads query heads, `n_heads` of the model's params.json
 * @param hidden `dim` of it
 */
export const halveRotary =
  (heads: number, hidden: number): Rewriting =>
  (old, path) =>
    [...old.values()].map((parameter) => {
      const { entry, tensor } = parameter
      if (!entry.name.includes('.wq') && !entry.name.includes('.wk')) return unchanged(parameter)
      const headDim = hidden / heads
      const rows = tensor.shape[0] ?? 0
      // Grouped keys have fewer heads of the same width; the original can not do them.
      if (!Number.isInteger(headDim / 2) || rows % headDim !== 0 || tensor.shape.length > 2) {
        throw invalid(path, entry.name, `its ${rows} rows are no heads of ${headDim} rows`)
      }
      const halves = Array.from({ length: rows / headDim }, (_, head) => [
        someRows(tensor, head * headDim, headDim / 2, 2),
        someRows(tensor, head * headDim + 1, headDim / 2, 2),
      ])
      return { ...stackedRows(entry.name, [entry], halves.flat(), path), shape: entry.shape }
    })
