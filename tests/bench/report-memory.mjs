/** Loaded in front of a program (`node --import`): leaves its peak of resident memory, in bytes, in a file at its end. */
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const path = process.env['AWB_BENCH_REPORT']
if (isMainThread && path !== undefined) {
  process.on('exit', () => writeFileSync(path, String(process.resourceUsage().maxRSS * 1024)))
}
