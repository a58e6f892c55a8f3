import { terminals as terminalsContract } from '#contract/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { terminals as engineTerminals } from '#engine/protocol/terminals.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import { followTerminal } from '../engines/follow.ts'
import type { EnginePool } from '../engines/pool.ts'

export function terminalsTopic(engines: EnginePool): Service {
  const client = (host: HostId, signal: AbortSignal) => engines.of(host).client(engineTerminals, signal)
  return implement(terminalsContract, {
    list: async ({ host }, { signal }) => (await client(host, signal)).list({}, { signal }),
    open: async ({ host, ...request }, { signal }) => (await client(host, signal)).open(request, { signal }),
    input: async ({ host, ...request }, { signal }) => (await client(host, signal)).input(request, { signal }),
    resize: async ({ host, ...request }, { signal }) => (await client(host, signal)).resize(request, { signal }),
    close: async ({ host, ...request }, { signal }) => (await client(host, signal)).close(request, { signal }),
    output: async ({ host, id, from }, sink, { signal }) => {
      for await (const item of followTerminal(engines.of(host), { id, from }, signal)) await sink.push(item)
    },
  })
}
