import { app as contract, type AppInfo, type LogLine } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { Log } from '../log/log.ts'
import type { FolderOpener } from '../files/folder-opener.ts'

/** Lines per item, so that one stays far below the size of a frame. */
const BATCH = 100

export const appTopic = (info: AppInfo, opener: FolderOpener, log: Log): Service =>
  implement(contract, {
    info: () => info,
    openFolder: async ({ path }) => ({ opened: await opener.open(path) }),
    log: async ({ from }, sink, { signal }) => {
      let next = from
      for await (const lines of follow(log, () => next, signal)) {
        next = (lines.at(-1)?.n ?? next) + 1
        await sink.push(lines)
      }
    },
  })

async function* follow(log: Log, next: () => number, signal: AbortSignal): AsyncGenerator<LogLine[]> {
  let wake: () => void = () => undefined
  using _lines = log.onLine(() => wake())
  signal.addEventListener('abort', () => wake(), { once: true })
  while (!signal.aborted) {
    const lines = log.read(next()).slice(0, BATCH)
    if (lines.length > 0) yield lines
    else await new Promise<void>((resolve) => (wake = resolve))
  }
}
