import { describe, expect, it } from 'vitest'
import { deploy } from '#contract/index.ts'
import { HostId } from '#engine/protocol/ids.ts'
import { connect } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import '#engine/rpc/node.ts'
import { serve } from '#engine/rpc/serve.ts'
import { deployTopic, type DeployTopicServices } from '#main/contract/deploy.ts'

const host = HostId.parse('npu-01')

/** The topic over a host with so many running jobs; `done` is what was done to it. */
function topicWith(jobs: number) {
  const done: string[] = []
  const services = {
    links: { of: () => ({ name: 'npu-01' }) },
    engines: { of: () => ({ restart: () => done.push('restart') }) },
    placeEngine: (id: HostId, container: string | null) => done.push(`${id} in ${container}`),
    runningJobs: () => jobs,
  } as unknown as DeployTopicServices
  const [near, far] = memoryTransports()
  serve(far, [deployTopic(services)])
  return { client: connect(near).topic(deploy), done }
}

describe('the place of an engine', () => {
  it('is remembered, and the engine starts there at once', async () => {
    const { client, done } = topicWith(0)
    await client.useContainer({ host, container: 'box' })
    await client.useContainer({ host, container: null })
    expect(done).toEqual(['npu-01 in box', 'restart', 'npu-01 in null', 'restart'])
  })

  it('does not change while jobs run, which would be taken for lost', async () => {
    const { client, done } = topicWith(2)
    await expect(client.useContainer({ host, container: 'box' })).rejects.toMatchObject({
      code: 'engine.hasJobs',
      params: { count: 2 },
    })
    expect(done).toEqual([])
  })
})
