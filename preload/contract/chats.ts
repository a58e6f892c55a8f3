import { z } from 'zod'
import { ChatEvent, ChatId, ChatMessage, ChatParameters, HostId, Timestamp } from '#engine/protocol/index.ts'
import { call, state, stream, topic } from '#engine/rpc/topic.ts'

export const ChatView = z.object({
  id: ChatId,
  title: z.string(),
  host: HostId,
  checkpoint: z.string(),
  parameters: ChatParameters,
  messages: z.array(ChatMessage.extend({ tokensPerSecond: z.number().optional(), isPartial: z.boolean().optional() })),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type ChatView = z.infer<typeof ChatView>

/** Conversations are kept; messages are written as they grow, so that a stop or a crash keeps what was said. */
export const chats = topic('chats', {
  watch: state(
    z.object({}),
    z.array(ChatView),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('changed'), chat: ChatView }),
      z.object({ kind: z.literal('removed'), id: ChatId }),
    ]),
  ),
  create: call(z.object({ host: HostId, checkpoint: z.string(), parameters: ChatParameters.optional() }), ChatView),
  update: call(z.object({ id: ChatId, title: z.string().optional(), parameters: ChatParameters.optional() }), ChatView),
  remove: call(z.object({ id: ChatId }), z.object({})),
  /** Adds the user's message and streams the answer. Closing the stream stops it and keeps what came. */
  send: stream(z.object({ id: ChatId, content: z.string().min(1) }), ChatEvent),
  /** Drops the last answer and streams a new one. */
  regenerate: stream(z.object({ id: ChatId }), ChatEvent),
})
