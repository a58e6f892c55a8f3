import type { Command } from 'commander'
import { addCommand, choice, examples, type Outcome } from '../options.ts'

/** `awb host doctor`: what training on this host depends on, with verdicts and remedies. */
export function addHostDoctorCommand(host: Command, outcome: Outcome): void {
  addCommand<{ container?: string; all?: boolean; format: string }>(
    host,
    outcome,
    'doctor',
    'look at driver, firmware, CANN, containers, Python and network, and say what is wrong',
    (command) =>
      examples(
        command
          .option('--container <name>', 'look at what this container sees')
          .addOption(choice('--format <name>', 'form of the report', ['lines', 'markdown']).default('lines'))
          .option('--all', 'also what is in order'),
        'awb host doctor --all',
        'awb host doctor --container telechat --format markdown > report.md',
      ),
    async (session, _, { container, all, format }) => {
      const { doctor } = await import('../../protocol/doctor.ts')
      const { examineHost } = await import('../../host/doctor/doctor.ts')
      const { reportMarkdown } = await import('../../protocol/doctor-markdown.ts')
      const asked = doctor.members.check.input.parse({ container: container ?? null })
      const report = await examineHost(asked.container, session.signal)
      session.result(report, () => {
        if (format === 'markdown') return [reportMarkdown(report, session.locale).trimEnd()]
        const shown = report.items.filter(({ verdict }) => all === true || (verdict !== 'ok' && verdict !== 'unknown'))
        return shown.flatMap(({ verdict, title, value, reason, remedy, command }) => [
          `${verdict.padEnd(8)}${title[session.locale]}: ${value}`,
          ...[reason, remedy].filter((part) => part !== undefined).map((part) => `        ${part[session.locale]}`),
          ...(verdict === 'ok' ? [] : [`        $ ${command}`]),
        ])
      })
    },
  )
}
