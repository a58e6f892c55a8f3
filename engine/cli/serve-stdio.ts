import { Console } from 'node:console'
import { streamTransport } from '../rpc/node.ts'
import { serveEngine } from '../server.ts'

/**
 * Serves the engine over standard input and output until the input closes; jobs go on. Nothing else may ever reach the
 * output, hence everything that prints is sent to standard error first.
 */
export function serveStdio(): void {
  const { stdin, stdout, stderr } = process
  globalThis.console = new Console(stderr, stderr)
  Object.defineProperty(process, 'stdout', { value: stderr, configurable: true })
  // The terminal's Ctrl-C reaches us as well; whoever started us decides, and closing our input is how it tells.
  process.on('SIGINT', () => undefined)
  const transport = streamTransport(stdin, stdout)
  transport.onClose(() => process.exit(0))
  serveEngine(transport)
}
