import { open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asFileError } from '../../host/fs-errors.ts'
import { RandomFile } from '../../checkpoint/formats/random-file.ts'
import { readSafetensors, safetensorsHeader } from '../../checkpoint/formats/safetensors.ts'
import { fillFolderAtomically } from '../../checkpoint/writing/atomic-folder.ts'
import { writeSmallFile } from '../../host/writing/file-sink.ts'
import type { Address } from '../kernel/kernel.ts'
import type { Trainer } from './trainer.ts'

const STATE_FILE = 'state.safetensors'
const RUN_FILE = 'run.json'
const CHUNK_FLOATS = 4 * 2 ** 20

const RunState = z.object({
  format: z.literal(1),
  /** What the run is: settings, checkpoint, dataset. Another one cannot be continued from here. */
  identity: z.string(),
  step: z.number().int().positive(),
  firstLoss: z.number(),
  lastLoss: z.number(),
})
export type RunState = z.infer<typeof RunState>

/**
 * Resume points of a run, `step-<n>/` in one folder: trained parameters and both moments as fp32, and the run's state
 * as JSON. Everything random derives from the seed and the step, so no generator needs saving. A point appears whole
 * or not at all, and the one before it is removed afterwards.
 */
export class ResumePoints {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The newest point's state; undefined where there is none. */
  async latest(): Promise<RunState | undefined> {
    const [newest] = await this.#points()
    if (newest === undefined) return undefined
    const text = await readFile(join(this.#folder, newest, RUN_FILE), 'utf8')
    return RunState.parse(JSON.parse(text))
  }

  async restore(trainer: Trainer, step: number): Promise<void> {
    await using file = await RandomFile.open(join(this.#folder, pointName(step), STATE_FILE))
    const { tensors } = await readSafetensors(file)
    for (const [name, address] of stateBlocks(trainer)) {
      const tensor = tensors.find((candidate) => candidate.name === name)
      const { count } = trainer.layouts.trained
      if (tensor?.shape[0] !== count) throw new Error(`${file.path} does not hold ${count} numbers as ${name}`)
      for (let start = 0; start < count; start += CHUNK_FLOATS) {
        const length = Math.min(CHUNK_FLOATS, count - start)
        const bytes = await file.read(tensor.offset + start * 4, length * 4)
        const values = new Float32Array(bytes.buffer, bytes.byteOffset, length)
        trainer.arena.floats(address + start * 4, length).set(values)
      }
    }
  }

  async save(trainer: Trainer, state: RunState): Promise<void> {
    const before = await this.#points()
    const name = pointName(state.step)
    if (before.includes(name)) await rm(join(this.#folder, name), { recursive: true })
    try {
      await this.#write(name, trainer, state)
    } catch (error) {
      // A folder without a point would only be in the way.
      if (before.length === 0) await this.remove()
      throw error
    }
    for (const old of before) if (old !== name) await rm(join(this.#folder, old), { recursive: true })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #write(name: string, trainer: Trainer, state: RunState): Promise<void> {
    const { count } = trainer.layouts.trained
    const blocks = stateBlocks(trainer)
    await fillFolderAtomically(join(this.#folder, name), blocks.size * count * 4, async (folder) => {
      const path = join(folder, STATE_FILE)
      try {
        await using file = await open(path, 'wx')
        const entries = [...blocks.keys()].map((block) => ({ name: block, shape: [count], dtype: 'fp32' as const }))
        await writeAll(file, safetensorsHeader(entries))
        for (const address of blocks.values()) {
          for (let start = 0; start < count; start += CHUNK_FLOATS) {
            const length = Math.min(CHUNK_FLOATS, count - start)
            await writeAll(file, new Uint8Array(trainer.arena.floats(address + start * 4, length).slice().buffer))
          }
        }
        await file.sync()
      } catch (error) {
        throw asFileError(error, path)
      }
      await writeSmallFile(join(folder, RUN_FILE), `${JSON.stringify(state, null, 2)}\n`)
    })
  }

  /** Names of the points, newest first. */
  async #points(): Promise<string[]> {
    try {
      const names = await readdir(this.#folder)
      return names.filter((name) => /^step-\d{8}$/.test(name)).toSorted((a, b) => b.localeCompare(a))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw asFileError(error, this.#folder)
    }
  }
}

const pointName = (step: number): string => `step-${String(step).padStart(8, '0')}`

const stateBlocks = ({ blocks }: Trainer): ReadonlyMap<string, Address> =>
  new Map([
    ['parameters', blocks.trained],
    ['moment1', blocks.moment1],
    ['moment2', blocks.moment2],
  ])

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) done += (await file.write(bytes, done)).bytesWritten
}
