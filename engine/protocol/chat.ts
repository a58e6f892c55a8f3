import { z } from 'zod'
import { stream, topic } from '../rpc/topic.ts'

export const ChatMessage = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
export type ChatMessage = z.infer<typeof ChatMessage>

export const ChatParameters = z.object({
  template: z.enum(['llama2', 'empty', 'default', 'alpaca']).default('llama2'),
  maxNewTokens: z.number().int().positive().max(8192).default(128),
  /** 0 is greedy. */
  temperature: z.number().nonnegative().max(5).default(0),
  /** 0 is off. */
  topK: z.number().int().nonnegative().default(0),
  topP: z.number().positive().max(1).default(1),
  seed: z.number().int().nonnegative().optional(),
  stopWords: z.array(z.string()).default([]),
})
export type ChatParameters = z.infer<typeof ChatParameters>

export const ChatEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loading') }),
  z.object({ kind: z.literal('prompt'), tokens: z.number().int() }),
  z.object({ kind: z.literal('text'), text: z.string(), tokens: z.number().int() }),
  z.object({
    kind: z.literal('done'),
    reason: z.enum(['eos', 'stop-word', 'length', 'context']),
    tokens: z.number().int(),
    tokensPerSecond: z.number(),
  }),
])
export type ChatEvent = z.infer<typeof ChatEvent>

/** Chat with a checkpoint on the reference runtime. Closing the stream stops the generation. */
export const chat = topic('chat', {
  generate: stream(
    z.object({ checkpoint: z.string(), messages: z.array(ChatMessage).min(1), parameters: ChatParameters }),
    ChatEvent,
  ),
})
