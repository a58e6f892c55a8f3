import { z } from 'zod'
import { call, state, topic } from '#engine/rpc/topic.ts'

/** A command that is typed often, for the terminals of every host. */
export const Snippet = z.object({
  id: z.string().min(1),
  name: z.string().trim().min(1).max(80),
  /** One line or several. */
  command: z
    .string()
    .max(10_000)
    .refine((text) => text.trim() !== '', 'empty'),
})
export type Snippet = z.infer<typeof Snippet>

const nothing = z.object({})

export const snippets = topic('snippets', {
  /** By name. */
  watch: state(nothing, z.array(Snippet), z.array(Snippet)),
  /** Without an id a new one is made. */
  save: call(Snippet.partial({ id: true }), z.object({ id: z.string() })),
  remove: call(z.object({ id: z.string() }), nothing),
})
