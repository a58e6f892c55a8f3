/**
 * Links, transfers, terminals and NPUs of hosts behind real OpenSSH servers of this machine: `npm run bench host`, or
 * only some parts, `npm run bench -- host connecting transferring`. Takes about six minutes; needs root and sshd.
 */
import { fileURLToPath } from 'node:url'
import { noMachine } from '../hosts/machine/machine.ts'
import { noSshd, SshLab } from '../hosts/sshd.ts'
import { connecting, startPair } from './host/connecting.ts'
import { overGigabit } from './host/gigabit.ts'
import { sampling } from './host/sampling.ts'
import { terminalTabs } from './host/terminal-tabs.ts'
import { transferring } from './host/transfers.ts'
import { watching } from './host/watching.ts'

const parts: Readonly<Record<string, (lab: SshLab) => Promise<void>>> = {
  connecting: async (lab) => connecting(await startPair(lab)),
  transferring: async (lab) => transferring(await startPair(lab)),
  gigabit: () => Promise.resolve(overGigabit(fileURLToPath(import.meta.url))),
  terminals: terminalTabs,
  sampling: async (lab) => {
    const missing = noMachine()
    if (missing === null) await sampling(lab)
    else console.log(`\nLeft out the cost of a sample: ${missing}`)
  },
  watching,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`Unknown part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`)
  process.exit(2)
}
const missing = noSshd()
if (missing !== null) console.log(`Left out: ${missing}`)
else {
  for (const [name, measure] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    await using lab = new SshLab()
    await measure(lab)
  }
}
