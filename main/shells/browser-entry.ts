/** `node dist/main/browser.js`: the workbench in a browser on this computer. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bootstrap, type App } from '../bootstrap.ts'
import { openOnDesktop } from '../files/show-folder.ts'
import { programRoot } from '../paths.ts'
import { BrowserShell } from './browser.ts'
import { logCrashes } from './crash-log.ts'
import { createFamilies } from './families.ts'
import { processEnv } from './process-env.ts'
import { SessionFile } from './session-file.ts'

const USAGE = `Usage: browser.js [options]
  --port N           listen on this port of 127.0.0.1 (a random one without it)
  --no-open          do not open the default browser
  --print-url-json   print the URL as a line of JSON, for programs
  -h, --help         show this text`

/** After this long an orderly end has failed. */
const EXIT_AFTER_MS = 8000

const print = (text: string): void => void process.stdout.write(`${text}\n`)

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: process.env['AWB_SHELL_PORT'] ?? '0' },
        open: { type: 'boolean', default: true },
        'print-url-json': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowNegative: true,
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`--port ${values.port} is not a port number`)
    return { port, isOpening: values.open, isJson: values['print-url-json'], isHelp: values.help }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`)
    process.exit(2)
  }
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options.isHelp) return print(USAGE)
  const env = processEnv('browser', createFamilies)
  const app = bootstrap(env)
  logCrashes(app.log)
  const developmentUrl = process.env['AWB_RENDERER_URL']
  const shell = new BrowserShell({
    rendererDir: join(programRoot(), 'dist', 'renderer'),
    services: app.services,
    log: app.log,
    now: () => Date.now(),
    port: options.port,
    sessionFile: new SessionFile(join(env.dataDir, 'browser-shell.json')),
    ...(developmentUrl ? { developmentUrl } : {}),
  })
  try {
    await shell.listen()
  } catch (error) {
    app[Symbol.dispose]()
    const { code, message } = error as NodeJS.ErrnoException
    fail(code === 'EADDRINUSE' ? `Port ${options.port} is taken. Choose another one with --port.` : message)
  }

  const show = (): string => {
    const url = shell.newUrl()
    print(options.isJson ? JSON.stringify({ url, port: shell.port }) : `Ascend Workbench: ${url}`)
    return url
  }
  const url = show()
  if (!options.isJson) print('The link is good for one use and five minutes. Enter prints a new one, Ctrl-C ends.')
  process.stdin.on('data', show)
  if (options.isOpening && !(await openOnDesktop(url)) && !options.isJson) {
    print('There is no desktop to open a browser on. Open the link in a browser on this computer.')
  }
  endOnSignals(app, shell)
}

/** One Ctrl-C may arrive twice: from the terminal and from the program that started this one. */
const SAME_SIGNAL_MS = 500

/** The first signal ends in order, another one at once. */
function endOnSignals(app: App, shell: BrowserShell): void {
  let endedAt: number | null = null
  const end = async () => {
    const now = performance.now()
    if (endedAt !== null) {
      if (now - endedAt < SAME_SIGNAL_MS) return
      process.exit(130)
    }
    endedAt = now
    setTimeout(() => process.exit(1), EXIT_AFTER_MS).unref()
    process.stdin.destroy()
    await app.stopJobsUnlessKept()
    shell[Symbol.dispose]()
    app[Symbol.dispose]()
    // Not process.exit: the loop runs empty when the engine has ended.
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end())
}

await main()
