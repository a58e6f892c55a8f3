import { z } from 'zod'
import type { Component } from './huggingface-json.ts'
import type { TokenFrame } from './tokenizer.ts'

const Piece = z.union([z.object({ SpecialToken: z.object({ id: z.string() }) }), z.object({ Sequence: z.unknown() })])
const Template = z.looseObject({ type: z.literal('TemplateProcessing'), single: z.array(Piece) })
const Sequence = z.looseObject({
  type: z.literal('Sequence'),
  processors: z.array(z.looseObject({ type: z.string() })),
})

/** What the post-processor of a `tokenizer.json` puts around a single text. */
export function templateFrame(component: Component | null, idOf: ReadonlyMap<string, number>): TokenFrame {
  const sequence = Sequence.safeParse(component)
  const candidates = sequence.success ? sequence.data.processors : [component]
  const before: number[] = []
  const after: number[] = []
  for (const candidate of candidates) {
    const template = Template.safeParse(candidate)
    if (!template.success) continue
    let side = before
    for (const piece of template.data.single) {
      if ('Sequence' in piece) {
        side = after
        continue
      }
      const id = idOf.get(piece.SpecialToken.id)
      if (id !== undefined) side.push(id)
    }
  }
  return { before, after }
}
