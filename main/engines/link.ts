import type { MessageTransport } from '#engine/rpc/transport.ts'

/** One running engine process at the far end of a byte stream. Disposing it closes the stream; jobs go on. */
export interface EngineSession extends Disposable {
  readonly transport: MessageTransport
  /** Resolves with the reason when the far end is gone. */
  readonly ended: Promise<Error>
}

/** A way to the engine of one host: a child process on this computer, a channel of an SSH connection elsewhere. */
export interface EngineLink {
  /** Starts an engine and answers the stream to it. Throws AppError. */
  open(signal: AbortSignal): Promise<EngineSession>
}
