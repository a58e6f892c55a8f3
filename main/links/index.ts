/** What the rest of main uses of the links. */
export type { CommandResult, RunOptions } from './command.ts'
export type { ExecOptions, SshConnection } from './connection.ts'
export { forwardDynamic, forwardLocal, forwardRemote, type Forward, type ForwardOptions } from './forwards.ts'
export { isLasting, SshLink } from './link.ts'
export { LinkPool } from './link-pool.ts'
export type { ForwardedStream, RemoteListener } from './remote-listener.ts'
export type { RemoteExit, RemoteProcess, RemoteSignal, TerminalSize } from './remote-process.ts'
export { shellCommand, shellQuote } from './shell-quote.ts'
