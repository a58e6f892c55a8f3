import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareSources } from '../../engine/checkpoint/compare.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { writeCheckpoint } from '../../engine/checkpoint/write.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../fixtures/checkpoint/synthetic.ts'

const KILLS = 20
/** Each line of them kills one after the other, on a target of its own. */
const LINES = 2
const mcore = { layout: 'mcore', tp: 4, pp: 2, vocabDivisor: 1 } as const

const folder = temporaryFolder()
const model = join(folder.path, 'model')

beforeAll(async () => {
  const source = syntheticSource({ layers: 6, hidden: 512, ffn: 1376, heads: 8, kvGroups: 8, vocab: 4000 })
  await writeCheckpoint({ source, output: model, target: { layout: 'hf' } })
}, 60_000)

afterAll(() => folder[Symbol.dispose]())

/** Converts, and kills that after so long; whether it had ended by then. */
async function convertAndKill(output: string, afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [fixture('convert-in-threads.ts'), model, output], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  const begins = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.includes('begins')) resolve()
    })
  })
  const closed = once(child, 'close')
  await Promise.race([begins, closed])
  await Promise.race([delay(afterMs), closed])
  child.kill('SIGKILL')
  await closed
  return text.includes('done')
}

/** Whether the target is there; what is there must be the whole model. */
async function isComplete(output: string): Promise<boolean> {
  if (!existsSync(output)) return false
  await using written = await openCheckpoint(output)
  await using source = await openCheckpoint(model)
  expect(written.summary.problems).toEqual([])
  expect((await compareSources(written, source, recordingContext())).differences).toEqual([])
  return true
}

describe.concurrent('a conversion that is killed', () => {
  it.each(Array.from({ length: LINES }, (_, line) => line))(
    `leaves the target absent or complete, and no rubbish after the next one (${KILLS / LINES} moments, line %i)`,
    async (line) => {
      const place = join(folder.path, `line-${line}`)
      mkdirSync(place)
      // Spread over the time that a conversion takes here, in an order that is the same each time.
      const startedAt = performance.now()
      expect(await convertAndKill(join(place, 'timed'), 60_000)).toBe(true)
      const longest = Math.max(300, (performance.now() - startedAt) * 0.7)
      let seed = 17 + line
      for (let kill = 0; kill < KILLS / LINES; kill++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        const output = join(place, 'out')
        const ended = await convertAndKill(output, (seed / 2 ** 32) * longest)
        const complete = await isComplete(output)
        if (ended) expect(complete).toBe(true)
        // At most what this process left; all before it was removed by the next.
        const left = readdirSync(place).filter((name) => name.startsWith('.'))
        expect(left.length).toBeLessThanOrEqual(1)
        if (complete) {
          expect(left).toEqual([])
          execFileSync('rm', ['-r', output])
        }
      }
      expect(await convertAndKill(join(place, 'out'), 60_000)).toBe(true)
      expect(await isComplete(join(place, 'out'))).toBe(true)
      expect(readdirSync(place).sort()).toEqual(['out', 'timed'])
    },
    180_000,
  )
})

describe('a source that changes', () => {
  it('while threads read it makes the conversion fail', async () => {
    await using source = await openCheckpoint(model)
    const output = join(folder.path, 'changed')
    const writing = writeCheckpoint({
      source,
      output,
      target: mcore,
      threads: 2,
      beforePublish: () => source.assertUnchanged(),
    })
    utimesSync(join(model, 'model.safetensors'), new Date(), new Date())
    expect(await failure(writing)).toEqual({
      code: 'checkpoint.sourceChanged',
      params: { file: join(model, 'model.safetensors') },
    })
    expect(readdirSync(folder.path).filter((name) => name.includes('changed'))).toEqual([])
  }, 60_000)
})

/** Mounts a tmpfs for a while, where that is allowed. */
function mounted(options: string): { path: string; [Symbol.dispose](): void } | undefined {
  const path = join(folder.path, `disk-${options.replace(/\W/g, '-')}`)
  mkdirSync(path)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return undefined
  return { path, [Symbol.dispose]: () => void execFileSync('umount', [path]) }
}

describe('a disk', () => {
  it('that fills up while threads write leaves nothing', async ({ skip }) => {
    using disk = mounted('size=64m')
    if (disk === undefined) return skip('no tmpfs can be mounted here')
    const source = await openCheckpoint(model)
    try {
      const context = recordingContext()
      const output = join(disk.path, 'out')
      // The room is checked before; somebody else takes it afterwards.
      const writing = writeCheckpoint({ source, output, target: mcore, threads: 2, context })
      while (!readdirSync(disk.path).some((name) => name.includes('partial'))) await delay(1)
      spawnSync('dd', ['if=/dev/zero', `of=${join(disk.path, 'other')}`, 'bs=64k'])
      expect(await failure(writing)).toEqual({ code: 'file.full', params: { path: output } })
      expect(readdirSync(disk.path)).toEqual(['other'])
    } finally {
      await source[Symbol.asyncDispose]()
    }
  }, 60_000)

  it('that cannot be written to is named', async ({ skip }) => {
    using disk = mounted('ro,size=96m')
    if (disk === undefined) return skip('no tmpfs can be mounted here')
    await using source = await openCheckpoint(model)
    const output = join(disk.path, 'out')
    const { code, params } = await failure(writeCheckpoint({ source, output, target: mcore, threads: 2 }))
    expect([code, params['path']]).toEqual(['file.denied', output])
  })
})
