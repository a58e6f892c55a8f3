import type { Command } from 'commander'
import { addCommand, examples, type Outcome } from '../options.ts'
import { UsageError } from '../session.ts'
import { addHostDoctorCommand } from './host-doctor.ts'
import { addHostRecordCommand } from './host-record.ts'

/** Outputs of a host are small; a larger file is a mistake in the name. */
const MAX_BYTES = 64 << 20

/** The commands of `awb host`. */
export function addNpuHostCommands(program: Command, outcome: Outcome): void {
  const host = program.command('host').description('NPU hosts: what is wrong, and what their outputs say')
  addHostDoctorCommand(host, outcome)
  addHostParseCommand(host, outcome)
  addHostRecordCommand(host, outcome)
}

/** `awb host parse KIND FILE`: what the parsers understood of an output that was saved or pasted. */
function addHostParseCommand(host: Command, outcome: Outcome): void {
  addCommand(
    host,
    outcome,
    'parse',
    'say what is understood of a saved output of a host',
    (command) =>
      examples(
        command
          .argument('<kind>', 'npu-smi, hccn, version-info, docker or logs, or the query: info, board, usages …')
          .argument('<file>', 'the saved output; - reads standard input'),
        'npu-smi info > info.txt; awb host parse npu-smi info.txt --json',
        'awb host parse hccn /etc/hccn.conf',
      ),
    async (session, [kind = '', file = '']) => {
      const { HOST_TEXT_KINDS, parseHostText } = await import('../../host/parsers/index.ts')
      if (!HOST_TEXT_KINDS.includes(kind)) {
        throw new UsageError(
          session.text(
            `<kind> "${kind}" is not known. Use one of: ${HOST_TEXT_KINDS.join(', ')}.`,
            `未知的 <kind> "${kind}"。可用：${HOST_TEXT_KINDS.join('、')}。`,
          ),
        )
      }
      const text = await readText(file === '-' ? null : session.path(file))
      const parsed = parseHostText(kind, text, session.locale)
      session.result(parsed, () => [JSON.stringify(parsed, null, 2)])
    },
  )
}

/** Outputs are UTF-8, or GBK on consoles in Chinese; what is neither is read with replacement marks. */
async function readText(path: string | null): Promise<string> {
  const { readFile, stat } = await import('node:fs/promises')
  if (path !== null && (await stat(path)).size > MAX_BYTES) throw new UsageError(`${path} is larger than 64 MiB`)
  const bytes = path === null ? await readStandardInput() : await readFile(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('gb18030').decode(bytes)
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
