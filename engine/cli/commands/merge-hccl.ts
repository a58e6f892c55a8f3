import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { AppError } from '../../protocol/errors/index.ts'
import type { RankTable } from '../../launch/rank-table/rank-table.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import type { Session } from '../session.ts'

const MODE = 0o750

/** `awb merge_hccl.py`: one rank table of several, and `awb check_hccl`: what is wrong with one. */
export function addMergeHcclCommands(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'merge_hccl.py',
    'merge the rank tables of several hosts, in the order given, into the current folder',
    (command) =>
      examples(
        command.argument('<files...>', "each host's table, in the order in which the hosts are started"),
        'awb merge_hccl.py hccl_8p_01234567_10.0.0.1.json hccl_8p_01234567_10.0.0.2.json',
      ),
    (session, files) => merge(session, files),
  )
  addCommand(
    program,
    outcome,
    'check_hccl',
    'say what is wrong with a rank table before HCCL does',
    (command) => examples(command.argument('<file>', 'a RANK_TABLE_FILE'), 'awb check_hccl hccl_2s_16p.json'),
    (session, [file = '']) => check(session, file),
  )
}

async function merge(session: Session, files: string[]): Promise<void> {
  const { formatRankTable } = await import('../../launch/rank-table/rank-table.ts')
  const { mergedTableName, mergeRankTables } = await import('../../launch/rank-table/merge.ts')
  const { checkRankTable } = await import('../../launch/rank-table/validate.ts')
  const { writeFileAtomic } = await import('../../host/atomic-file.ts')
  const tables: RankTable[] = []
  for (const file of files) tables.push(await read(session, file))
  const table = mergeRankTables(tables)
  const path = session.path(mergedTableName(table))
  writeFileAtomic(path, formatRankTable(table), MODE)
  const findings = checkRankTable(table)
  // The original writes whatever it is given; the same here, but not in silence.
  for (const { level, text } of findings) process.stderr.write(`${level}: ${text[session.locale]}\n`)
  session.result({ path, table, findings }, () => [
    `[${files.map((file) => `'${file}'`).join(', ')}]`,
    `Completed: hccl file was save in : ${path}`,
  ])
}

async function check(session: Session, file: string): Promise<void> {
  const { checkRankTable } = await import('../../launch/rank-table/validate.ts')
  const table = await read(session, file)
  const findings = checkRankTable(table)
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length > 0) {
    const problems = errors.map(({ text }) => text[session.locale]).join(' ')
    throw new AppError('host.rankTableInvalid', { path: file, count: errors.length, problems })
  }
  const ranks = table.server_list.reduce((sum, server) => sum + server.device.length, 0)
  session.result({ servers: table.server_list.length, ranks, findings }, () => [
    ...findings.map(({ level, text }) => `${level}: ${text[session.locale]}`),
    session.text(
      `${file}: ${table.server_list.length} servers, ${ranks} ranks, no errors`,
      `${file}：${table.server_list.length} 台服务器，${ranks} 个 rank，无错误`,
    ),
  ])
}

async function read(session: Session, file: string): Promise<RankTable> {
  const { readRankTable } = await import('../../launch/rank-table/rank-table.ts')
  return readRankTable(await readFile(session.path(file), 'utf8'), file)
}
