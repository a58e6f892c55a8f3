import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Machine, noContainers, type MachineOptions } from './machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from './machine/packages.ts'

/** A shell, Python, and frameworks that know their versions. */
export const DEMO_IMAGE = 'mindformers:1.5.0'

/** Holds half of the cards, so that there is something to see. */
const TRAINING = `exec python3 -c 'import signal
cards = [open(f"/dev/davinci{number}") for number in range(4)]
signal.pause()'`

export type DemoName = 'gate' | 'npu-01' | 'npu-02'

export interface DemoOptions {
  /** Addresses of loopback. */
  readonly addresses: Readonly<Record<DemoName, string>>
  /** Of root, on all of them. */
  readonly password: string
  /** Seconds between the progress lines of an installer. */
  readonly pace: number
  /** Which of them get an image for containers, where this computer can run any. */
  readonly withImage: readonly DemoName[]
  /** A Node for their PATH, in tests that send none over the link. */
  readonly node?: string
}

/**
 * A jump host with two make-believe NPU servers behind it: `npu-01` has an older driver and work to do, `npu-02` has no
 * driver. The packages of the newer release lie on both.
 */
export class DemoMachines implements AsyncDisposable {
  readonly password: string
  /** Where the packages lie, on the servers. */
  readonly packages: Readonly<Record<'driver' | 'firmware', string>>
  readonly #machines: ReadonlyMap<DemoName, Machine>

  private constructor(password: string, packages: DemoMachines['packages'], machines: ReadonlyMap<DemoName, Machine>) {
    this.password = password
    this.packages = packages
    this.#machines = machines
  }

  static async start({ addresses, password, pace, withImage, node }: DemoOptions): Promise<DemoMachines> {
    const folder = mkdtempSync(join(tmpdir(), 'awb-packages-'))
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rmSync(folder, { recursive: true }))
    const driver = writeDriverPackage(folder, releases.driver)
    const firmware = writeFirmwarePackage(folder, releases.firmware)
    const old = [writeDriverPackage(folder, releases.oldDriver), writeFirmwarePackage(folder, releases.oldFirmware)]
    const links = node === undefined ? [] : ['ln -sf /opt/node /usr/local/bin/node']
    const npus = { chips: 8, toolkit: '8.0.0', packages: [firmware, driver], ...(node === undefined ? {} : { node }) }
    const options: Readonly<Record<DemoName, Partial<MachineOptions>>> = {
      gate: {},
      'npu-01': { ...npus, install: old, npuNetwork: '10.20.11', eachStart: [...links, TRAINING].join('\n') },
      'npu-02': { ...npus, ...(links.length > 0 ? { eachStart: links.join('\n') } : {}) },
    }
    const hasContainers = noContainers() === null
    const machines = new Map<DemoName, Machine>()
    const starts = (Object.keys(options) as DemoName[]).map(async (name) => {
      const image = hasContainers && withImage.includes(name) ? { image: DEMO_IMAGE } : {}
      const address = addresses[name]
      const machine = await Machine.start({ ...options[name], ...image, name, address, password, pace })
      machines.set(name, machine)
    })
    const ends = await Promise.allSettled(starts)
    const demo = new DemoMachines(password, pathsOf({ driver, firmware }), machines)
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed === undefined) return demo
    await demo[Symbol.asyncDispose]()
    throw failed.reason
  }

  of(name: DemoName): Machine {
    const machine = this.#machines.get(name)
    if (machine === undefined) throw new Error(`${name} did not start`)
    return machine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine[Symbol.asyncDispose]()))
  }
}

const pathsOf = ({ driver, firmware }: DemoMachines['packages']): DemoMachines['packages'] => ({
  driver: `/opt/packages/${basename(driver)}`,
  firmware: `/opt/packages/${basename(firmware)}`,
})
