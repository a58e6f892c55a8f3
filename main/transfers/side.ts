import type { Client } from '#engine/rpc/topic.ts'
import type { contents } from '#engine/protocol/contents.ts'
import type { files } from '#engine/protocol/host.ts'

/** An open file whose bytes are written at any place. Writes may be answered in any order. */
export interface ByteSink {
  write(data: Buffer, at: number): Promise<void>
  close(): Promise<void>
}

export interface ByteSource {
  /** Fills the beginning of a buffer, and answers how many bytes came; 0 at the end of the file. */
  read(at: number, into: Buffer): Promise<number>
  close(): Promise<void>
}

/** The way that bytes take to and from one side of a transfer. */
export interface ByteAccess {
  readonly pieceBytes: number
  /** How far a file may have been written beyond a gap when the way is lost. */
  readonly unsettledBytes: number
  /** Lets a request be sent when there is room, interactive channels first; to be called before each. Release after. */
  enter(): Promise<() => void>
  /** Makes a new file and opens it for writing; null where something has its name already. */
  createSink(path: string): Promise<ByteSink | null>
  /** Opens a file for writing without cutting it; makes it when it is missing. */
  openSink(path: string): Promise<ByteSink>
  openSource(path: string): Promise<ByteSource>
}

/** What a transfer asks the engine of a side. */
export type SideFiles = Pick<Client<(typeof files)['members']>, 'stat' | 'disk'> &
  Pick<Client<(typeof contents)['members']>, 'digest' | 'walk' | 'makeFolder' | 'follow' | 'place' | 'discard'>

/** One end of a transfer: this computer, or a host. */
export interface Side {
  readonly isLocal: boolean
  join(folder: string, relative: string): string
  baseName(path: string): string
  /** Both wait until the side can be reached, for a while. */
  files(signal: AbortSignal): Promise<SideFiles>
  bytes(signal: AbortSignal): Promise<ByteAccess>
}
