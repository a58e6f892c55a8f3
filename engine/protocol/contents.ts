import { z } from 'zod'
import { call, stream, topic } from '../rpc/topic.ts'

const path = z.string().min(1)
const bytes = z.number().int().nonnegative()
const nothing = z.object({})
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** The name that a file has while it arrives, `.name.awb-part` beside the place where it will be. */
export const partName = (name: string): string => `.${name}.awb-part`

/** What lies below a folder; `path` is relative to it, with slashes. A file that was asked for itself has the path ''. */
export const WalkEntry = z.object({
  path: z.string(),
  kind: z.enum(['file', 'folder']),
  bytes,
  /** Permission bits. */
  mode: z.number().int(),
})
export type WalkEntry = z.infer<typeof WalkEntry>

/** Texts longer than this are shown in part, and not edited. */
export const MAX_TEXT_BYTES = 1 << 20

export const TextFile = z.object({
  path: z.string(),
  text: z.string(),
  fileBytes: bytes,
  /** Of the content; null when only a part was read, so that it cannot be written back. */
  sha256: Sha256.nullable(),
  /** UTF-8 without zero bytes. */
  isText: z.boolean(),
})
export type TextFile = z.infer<typeof TextFile>

/**
 * `data` follows `data` without a gap. `restarted`: the file was cut short or another one took its place, and is read
 * from its beginning. `gone`: nothing is at the path for now.
 */
export const TailEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('data'), offset: bytes, data: z.string() }),
  z.object({ kind: z.literal('restarted') }),
  z.object({ kind: z.literal('gone') }),
])
export type TailEvent = z.infer<typeof TailEvent>

export const Measure = z.object({
  /** Files, folders and links. */
  entries: z.number().int().nonnegative(),
  bytes,
  /** There are more than were counted. */
  isPartial: z.boolean(),
})

/** Whole files of a host: their digests, their arrival, their text. What is where is told by the topic `files`. */
export const contents = topic('contents', {
  /** Of the bytes from `from` to before `to` (default: the end); `bytes` is how many there were. */
  digest: call(z.object({ path, from: bytes.default(0), to: bytes.optional() }), z.object({ sha256: Sha256, bytes })),
  /** Files and folders below a path, folders before what they hold. Links to folders are not followed. */
  walk: stream(z.object({ path }), z.array(WalkEntry)),
  makeFolder: call(z.object({ path }), nothing),
  /** How much lies at and below paths, up to a limit; links are not followed. */
  measure: call(z.object({ paths: z.array(path).min(1) }), Measure),
  /** Another name in the same folder; answers the new path. Errors `file.taken`, `file.badName`. */
  rename: call(z.object({ path, name: z.string().min(1).max(255) }), z.object({ path })),
  /** Deletes files, links, and folders with all they hold. Error `file.protected`: home and what holds it stay. */
  remove: call(z.object({ paths: z.array(path).min(1) }), nothing),
  /**
   * Gives a file that has arrived its name, after checking its length and digest and bringing it to the disk. Errors
   * `file.damaged`, `file.exists` (a folder has the name).
   */
  place: call(z.object({ part: path, path, bytes, sha256: Sha256, mode: z.number().int().optional() }), nothing),
  /**
   * Computes the digest of a file while it arrives, but for its last bytes, until `place` asks for it or the call is
   * cancelled.
   */
  follow: call(z.object({ part: path, unsettledBytes: bytes }), nothing),
  /** Deletes what has arrived of a file; refuses every name but that of such a part. */
  discard: call(z.object({ part: path.regex(/\.awb-part$/) }), nothing),
  readText: call(z.object({ path }), TextFile),
  /**
   * Writes a whole text at once, with the mode it had. `expected` is the digest of what is replaced, null for a new
   * file. Errors `file.changed`, `file.exists`.
   */
  writeText: call(
    z.object({ path, text: z.string().max(4 * MAX_TEXT_BYTES), expected: Sha256.nullable() }),
    z.object({ sha256: Sha256, bytes }),
  ),
  /** The last `bytes` and everything that is written from then on, in base64. */
  tail: stream(z.object({ path, bytes: bytes.max(MAX_TEXT_BYTES).default(64 * 1024) }), TailEvent),
})
