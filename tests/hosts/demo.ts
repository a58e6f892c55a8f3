import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Machine, noContainers, noMachine } from './machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from './machine/packages.ts'

/** `npm run demo:host`: a jump host with two make-believe NPU servers behind it, until Ctrl-C. */

const ADDRESSES = { gate: '127.0.0.20', 'npu-01': '127.0.0.21', 'npu-02': '127.0.0.22' } as const
/** Small: a shell and Python. */
const IMAGE = 'mindformers:1.5.0'
/** Holds half of the cards, so that there is something to see. */
const TRAINING = `exec python3 -c 'import signal
cards = [open(f"/dev/davinci{number}") for number in range(4)]
signal.pause()'`

const missing = noMachine()
if (missing !== null) {
  process.stderr.write(`Demo hosts cannot run here: ${missing}\nThey need Linux, root and an OpenSSH server.\n`)
  process.exit(1)
}

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
})
const password = randomBytes(9).toString('base64url')
const folder = mkdtempSync(join(tmpdir(), 'awb-packages-'))
const machines: Machine[] = []
try {
  const driver = writeDriverPackage(folder, releases.driver)
  const firmware = writeFirmwarePackage(folder, releases.firmware)
  const old = [writeDriverPackage(folder, releases.oldDriver), writeFirmwarePackage(folder, releases.oldFirmware)]
  const npus = { chips: 8, password, pace: 1, toolkit: '8.0.0', ...(noContainers() === null ? { image: IMAGE } : {}) }
  const prepared = { install: old, packages: [firmware, driver], npuNetwork: '10.20.11', eachStart: TRAINING }
  process.stdout.write('Starting …\n')
  for (const options of [
    { name: 'gate', password },
    { name: 'npu-01', ...npus, ...prepared },
    { name: 'npu-02', ...npus, packages: [driver, firmware] },
  ] as const) {
    machines.push(await Machine.start({ ...options, address: ADDRESSES[options.name] }))
  }
  process.stdout.write(explanation(machines, password))
  await ended
  process.stdout.write('\nEnding …\n')
} finally {
  await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
  rmSync(folder, { recursive: true })
}

function explanation(hosts: readonly Machine[], secret: string): string {
  const entries = hosts.map(({ name, address, port }) =>
    [
      `Host ${name}`,
      `  HostName ${address}`,
      `  Port ${port}`,
      '  User root',
      ...(name === 'gate' ? [] : ['  ProxyJump gate']),
    ].join('\n'),
  )
  return `
Three servers of this computer answer over SSH; all of them end with Ctrl-C.

  gate      the way to the others
  npu-01    8 NPUs (910B3) with an older driver and firmware, four at work; newer packages in /opt/packages
  npu-02    8 NPUs without driver; packages in /opt/packages

User: root    Password: ${secret}

In the workbench: Hosts → Add, or put these lines into ~/.ssh/config and take Hosts → Import.

${entries.join('\n\n')}

Shell: ssh -J root@${hosts[0]?.address}:${hosts[0]?.port} -p ${hosts[1]?.port} root@${hosts[1]?.address}
${noContainers() ?? `Image for docker run: ${IMAGE}`}
Cards become ill by /etc/ascend-demo/faults on a server: health_5=Alarm, temp_5=97, missing_6=yes, link_2=DOWN
`
}
