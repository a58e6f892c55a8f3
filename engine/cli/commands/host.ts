import type { Command } from 'commander'
import { formatBytes } from '../format.ts'
import { addCommand, type Outcome } from '../options.ts'

export function addHostCommands(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'facts',
    'what is known of this host',
    (command) => command,
    async (session) => {
      const { hostFacts } = await import('../../host/facts.ts')
      const facts = await hostFacts()
      session.result(facts, () => [
        `${facts.hostname}: ${facts.platform} ${facts.release}, ${facts.arch}`,
        `${facts.cores} × ${facts.cpuModel}, ${formatBytes(facts.memoryBytes)} (${formatBytes(facts.freeMemoryBytes)} free)`,
        `NPUs: ${facts.npus.length}`,
        `Node ${facts.nodeVersion}`,
        `State: ${facts.dirs.state}`,
        `Workspace: ${facts.dirs.workspace} (${formatBytes(facts.workspaceFreeBytes)} free)`,
        `Sample: ${facts.dirs.sample ?? '–'}`,
      ])
    },
  )
}
