import type { Command } from 'commander'
import { AppError, describeError } from '../../protocol/errors/index.ts'
import { JobId } from '../../protocol/ids.ts'
import type { JobView } from '../../protocol/jobs.ts'
import { formatDuration, formatProgress } from '../format.ts'
import { addCommand, examples, integer, type Outcome } from '../options.ts'
import type { Session } from '../session.ts'

/** What `awb job …` does works on the folders; an engine that serves at the same time sees the same jobs. */
export function addJobCommands(program: Command, outcome: Outcome): void {
  const job = program.command('job').description('the jobs of this host')

  addCommand(
    job,
    outcome,
    'list',
    'all jobs, newest first',
    (command) => command,
    async (session) => {
      const store = await openStore()
      store.adoptAll()
      const views = store.list()
      session.result(views, () => views.map((view) => summaryLine(view, session)))
    },
  )

  addCommand(
    job,
    outcome,
    'show <id>',
    'one job in detail',
    (command) => command,
    async (session, [id]) => {
      const store = await openStore()
      const view = store.get(jobId(id))
      session.result(view, () => details(view, session))
    },
  )

  addCommand<{ grace: number }>(
    job,
    outcome,
    'stop <id>',
    'TERM to all processes of a job, KILL after the grace; waits for the end',
    (command) => command.option('--grace <seconds>', 'time before KILL', integer(0), 10),
    async (session, [id], { grace }) => {
      const store = await openStore()
      const view = await store.stop(jobId(id), grace * 1000, session.signal)
      session.result(view, () => [summaryLine(view, session)])
    },
  )

  addCommand<{ follow?: boolean; from: number; journal?: boolean }>(
    job,
    outcome,
    'log <id>',
    'the output of a job, or its journal',
    (command) =>
      examples(
        command
          .option('-f, --follow', 'go on until the job has ended')
          .option('--from <number>', 'first byte of the output, or first entry of the journal', integer(0), 0)
          .option('--journal', 'the numbered journal, one JSON per line, instead of the output'),
        'awb job log train-7 --follow',
        'awb job log train-7 --journal --from 120',
      ),
    async (session, [id], { follow, from, journal }) => {
      const store = await openStore()
      const reader = store.reader(jobId(id))
      const { followJournal, followOutput } = await import('../../jobs/follow.ts')
      const options = { from: journal ? Math.max(1, from) : from, untilEnd: follow === true, signal: session.signal }
      if (journal) {
        await followJournal(
          reader,
          { push: async (entries) => write(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')) },
          options,
        )
      } else {
        await followOutput(reader, { push: ({ data }) => write(Buffer.from(data, 'base64')) }, options)
      }
      if (session.signal.aborted) throw new AppError('cancelled')
    },
  )
}

async function openStore() {
  const { JobStore } = await import('../../jobs/job-store.ts')
  const { jobsDir } = await import('../../host/dirs.ts')
  return new JobStore(jobsDir())
}

/** Waits for a slow reader of our output, so that a huge log is never held in memory. */
const write = (chunk: string | Buffer): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(chunk, (error) => (error ? reject(error) : resolve())))

function jobId(text: string | undefined): JobId {
  const parsed = JobId.safeParse(text)
  if (!parsed.success) throw new AppError('job.missing', { id: String(text) })
  return parsed.data
}

function summaryLine(view: JobView, session: Session): string {
  const duration = view.startedAt ? formatDuration((view.endedAt ?? Date.now()) - view.startedAt) : ''
  const progress = view.progress && !view.endedAt ? formatProgress(view.progress, session.locale) : ''
  return [view.id.padEnd(24), view.state.padEnd(10), duration.padStart(8), view.title[session.locale], progress]
    .join('  ')
    .trimEnd()
}

function details(view: JobView, session: Session): string[] {
  const exit = view.signal ?? (view.exitCode === null || view.exitCode === undefined ? null : String(view.exitCode))
  return [
    summaryLine(view, session),
    ...(exit === null ? [] : [`${session.text('Exit', '退出')}: ${exit}`]),
    ...(view.error ? [describeError(view.error, session.locale)] : []),
    `${session.text('Folder', '目录')}: ${view.folder}`,
  ]
}
