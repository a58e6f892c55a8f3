import { onScopeDispose } from 'vue'

/** Calls `draw` at most once per frame, however often it is asked; never again after the scope has ended. */
export function onFrame(draw: () => void): () => void {
  let frame = 0
  onScopeDispose(() => cancelAnimationFrame(frame))
  return () => {
    if (frame !== 0) return
    frame = requestAnimationFrame(() => {
      frame = 0
      draw()
    })
  }
}
