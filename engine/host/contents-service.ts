import { contents } from '../protocol/contents.ts'
import { implement, type Service } from '../rpc/serve.ts'
import { discardPart, makeFolder, placeArrival } from './arrivals.ts'
import { digestFile } from './digest.ts'
import { measurePaths, removePaths, renamePath } from './file-changes.ts'
import { GrowingDigests } from './growing-digests.ts'
import { tail } from './tail.ts'
import { readText, writeText } from './text-files.ts'
import { walk } from './walk.ts'

/** The topic `contents` on the host that it is about. */
export function contentsService(): Service {
  const growing = new GrowingDigests()
  return implement(contents, {
    digest: ({ path, ...range }, { signal }) => digestFile(path, range, signal),
    walk: async ({ path }, sink, { signal }) => {
      for await (const entries of walk(path, signal)) await sink.push(entries)
    },
    makeFolder: async ({ path }) => {
      await makeFolder(path)
      return {}
    },
    measure: ({ paths }, { signal }) => measurePaths(paths, signal),
    rename: async ({ path, name }) => ({ path: await renamePath(path, name) }),
    remove: async ({ paths }, { signal }) => {
      await removePaths(paths, signal)
      return {}
    },
    place: async (arrival, { signal }) => {
      await placeArrival(arrival, signal, await growing.take(arrival.part))
      return {}
    },
    follow: async ({ part, unsettledBytes }, { signal }) => {
      await growing.follow(part, unsettledBytes, signal)
      return {}
    },
    discard: async ({ part }) => {
      await discardPart(part)
      return {}
    },
    readText: ({ path }) => readText(path),
    writeText: ({ path, text, expected }) => writeText(path, text, expected),
    tail: async ({ path, bytes }, sink, { signal }) => {
      for await (const event of tail(path, bytes, signal)) await sink.push(event)
    },
  })
}
