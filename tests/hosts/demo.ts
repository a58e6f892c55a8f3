import { randomBytes } from 'node:crypto'
import { DEMO_IMAGE, DemoMachines, type DemoName } from './demo-machines.ts'
import { noContainers, noMachine } from './machine/machine.ts'

/** `npm run demo:host`: a jump host with two make-believe NPU servers behind it, until Ctrl-C. */

const addresses = { gate: '127.0.0.20', 'npu-01': '127.0.0.21', 'npu-02': '127.0.0.22' } as const

const missing = noMachine()
if (missing !== null) {
  process.stderr.write(`Demo hosts cannot run here: ${missing}\nThey need Linux, root and an OpenSSH server.\n`)
  process.exit(1)
}

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
})
process.stdout.write('Starting …\n')
{
  const password = randomBytes(9).toString('base64url')
  await using machines = await DemoMachines.start({ addresses, password, pace: 1, withImage: ['npu-01', 'npu-02'] })
  process.stdout.write(explanation(machines))
  await ended
  process.stdout.write('\nEnding …\n')
}

function explanation(machines: DemoMachines): string {
  const entry = (name: DemoName): string => {
    const { address, port } = machines.of(name)
    const jump = name === 'gate' ? [] : ['  ProxyJump gate']
    return [`Host ${name}`, `  HostName ${address}`, `  Port ${port}`, '  User root', ...jump].join('\n')
  }
  const [gate, first] = [machines.of('gate'), machines.of('npu-01')]
  return `
Three servers of this computer answer over SSH; all of them end with Ctrl-C.

  gate      the way to the others
  npu-01    8 NPUs (910B3) with an older driver and firmware, four at work; newer packages in /opt/packages
  npu-02    8 NPUs without driver; packages in /opt/packages

User: root    Password: ${machines.password}

In the workbench: Hosts → Add host, or put these lines into ~/.ssh/config and take Hosts → Import from SSH config.

${[entry('gate'), entry('npu-01'), entry('npu-02')].join('\n\n')}

Shell: ssh -J root@${gate.address}:${gate.port} -p ${first.port} root@${first.address}
${noContainers() ?? `Image for docker run: ${DEMO_IMAGE}`}
Addresses for the NPUs of npu-02, once it has its driver:
  for i in 0 1 2 3 4 5 6 7; do hccn_tool -i $i -ip -s address 10.20.11.$((i+11)) netmask 255.255.255.0; done
Cards become ill by /etc/ascend-demo/faults on a server: health_5=Alarm, temp_5=97, missing_6=yes, link_2=DOWN
`
}
