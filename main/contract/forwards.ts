import { forwards as forwardsContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { ForwardService } from '../forwards/forward-service.ts'
import { source } from './source.ts'

export const forwardsTopic = (forwards: ForwardService): Service =>
  implement(forwardsContract, {
    watch: () =>
      source(
        () => forwards.list(),
        (emit) => forwards.onChange(emit),
      ),
    add: ({ host, settings }) => ({ id: forwards.add(host, settings) }),
    edit: ({ id, settings }) => {
      forwards.edit(id, settings)
      return {}
    },
    remove: ({ id }) => {
      forwards.remove(id)
      return {}
    },
    start: ({ id }) => {
      forwards.startOne(id)
      return {}
    },
    stop: ({ id }) => {
      forwards.stopOne(id)
      return {}
    },
  })
