/**
 * The least a border needs: whole JSON messages, in order. Electron IPC, WebSocket and stdio each provide one.
 * Delivery starts when `onMessage` is called; messages that arrive earlier are kept.
 */
export interface MessageTransport extends Disposable {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): Disposable
  onClose(listener: (cause?: Error) => void): Disposable
}
