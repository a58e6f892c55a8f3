import { chats as contract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { ChatService } from '../chats/chat-service.ts'
import { source } from './source.ts'

export const chatsTopic = (chats: ChatService): Service =>
  implement(contract, {
    watch: () =>
      source(
        () => chats.list(),
        (emit) => chats.onChange(emit),
      ),
    create: ({ host, checkpoint, parameters }) => chats.create(host, checkpoint, parameters),
    update: ({ id, ...changes }) => chats.update(id, changes),
    remove: ({ id }) => {
      chats.remove(id)
      return {}
    },
    send: async ({ id, content }, sink, { signal }) => {
      for await (const event of chats.send(id, content, signal)) await sink.push(event)
    },
    regenerate: async ({ id }, sink, { signal }) => {
      for await (const event of chats.regenerate(id, signal)) await sink.push(event)
    },
  })
