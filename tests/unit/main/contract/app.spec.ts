import { describe, expect, it } from 'vitest'
import { contract, type LogLine } from '#contract/index.ts'
import '#engine/rpc/node.ts'
import { connect } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import { serve } from '#engine/rpc/serve.ts'
import { appTopic } from '#main/contract/app.ts'
import { FolderOpener } from '#main/files/folder-opener.ts'
import { Log } from '#main/log/log.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'

const info = {
  version: '1',
  shell: 'browser',
  platform: 'linux',
  dataDir: '/data',
  logFile: '/data/workbench.log',
  systemLocale: 'zh-CN',
} as const

describe('the log of the workbench', () => {
  it('reaches the page from a number on, and follows', async () => {
    const log = new Log(new FakeClock(), { write: () => undefined })
    const opener = new FolderOpener(
      () => Promise.resolve(true),
      () => Promise.resolve([]),
    )
    const [near, far] = memoryTransports()
    using _server = serve(far, [appTopic(info, opener, log)])
    using page = connect(near)
    for (let i = 1; i <= 250; i++) log.info('line', { i })
    const seen: LogLine[] = []
    for await (const lines of page.topic(contract.app).log({ from: 10 })) {
      seen.push(...lines)
      if (seen.length === 241) log.warn('last')
      if (seen.at(-1)?.event === 'last') break
    }
    expect(seen.map(({ n }) => n)).toEqual(Array.from({ length: 242 }, (_, i) => i + 10))
    expect(await page.topic(contract.app).info({})).toEqual(info)
  })
})
