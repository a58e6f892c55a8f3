/** A disk that is really full: a small tmpfs, which only root may mount. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'

const folder = temporaryFolder()
const disk = join(folder.path, 'disk')
mkdirSync(disk)
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
const isMounted = mounted.status === 0
if (!isMounted) console.warn(`skipped: no tmpfs could be mounted (${mounted.stderr?.toString().trim() ?? 'no mount'})`)

afterAll(() => {
  if (isMounted) execFileSync('umount', [disk])
  folder[Symbol.dispose]()
})

const input = fixture('llama2-mha-fp16')
const target = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 1 } as const

describe.skipIf(!isMounted)('a conversion onto a full disk', () => {
  it('is refused before it starts when it cannot fit', async () => {
    writeFileSync(join(disk, 'other'), Buffer.alloc(1_600_000))
    const context = recordingContext()
    const conversion = convertCheckpoint({ input, output: join(disk, 'out'), target }, context)
    expect(await failure(conversion)).toEqual({ code: 'file.full', params: { path: join(disk, 'out') } })
    expect([context.reports, readdirSync(disk)]).toEqual([[], ['other']])
    rmSync(join(disk, 'other'))
  })

  it('leaves nothing when the disk fills up meanwhile', async () => {
    const context = recordingContext(({ reports }) => {
      if (reports.length !== 3) return
      // Someone else takes all the room.
      const writer = spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'other')}`, 'bs=64k'])
      expect(writer.stderr.toString()).toContain('No space left')
    })
    const conversion = convertCheckpoint({ input, output: join(disk, 'out'), target }, context)
    expect(await failure(conversion)).toEqual({ code: 'file.full', params: { path: join(disk, 'out') } })
    expect(context.reports.length).toBeGreaterThanOrEqual(3)
    expect(readdirSync(disk)).toEqual(['other'])
  })
})
