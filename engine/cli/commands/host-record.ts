import type { Command } from 'commander'
import { addCommand, examples, integer, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'

/** `awb host record`: samples of the NPUs on the disk of this host until Ctrl-C. */
export function addHostRecordCommand(host: Command, outcome: Outcome): void {
  addCommand<{ period: number }>(
    host,
    outcome,
    'record',
    'record what the NPUs do until it is stopped, for a workbench that connects later',
    (command) =>
      examples(
        command.option('--period <seconds>', 'time between two samples', integer(1), 60),
        'awb host record --period 30',
      ),
    (session, _args, { period }) => runTaskHere(session, 'npus.record', { periodS: period }),
  )
}
