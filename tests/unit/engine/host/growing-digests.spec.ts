import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { placeArrival } from '#engine/host/arrivals.ts'
import { GrowingDigests } from '#engine/host/growing-digests.ts'
import { until } from '../../../fixtures/until.ts'

const sha = (data: Buffer) => createHash('sha256').update(data).digest('hex')

describe('digests of files that arrive', () => {
  let folder: string
  let part: string
  let end: AbortController
  const growing = new GrowingDigests()
  /** What was hashed of the part, followed for as long as it takes to get beyond its first byte. */
  const followed = (unsettledBytes: number, meanwhile?: () => void) => {
    let act = meanwhile
    return until(async () => {
      const attempt = new AbortController()
      const following = growing.follow(part, unsettledBytes, attempt.signal)
      act?.()
      act = undefined
      await new Promise((resolve) => setTimeout(resolve, 100))
      const begun = await growing.take(part)
      attempt.abort()
      await following
      return begun !== undefined && begun.at > 0 ? begun : undefined
    }, 'the beginning of a digest')
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'awb-growing-'))
    part = join(folder, '.a.awb-part')
    end = new AbortController()
  })
  afterEach(() => {
    end.abort()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are those of what is there, but for its unsettled end', async () => {
    const data = randomBytes((5 << 20) + 17)
    writeFileSync(part, data.subarray(0, 3 << 20))
    const begun = await followed(1 << 20, () => appendFileSync(part, data.subarray(3 << 20)))
    expect(begun.at).toBeLessThanOrEqual((4 << 20) + 17)
    expect(begun.hash.copy().digest('hex')).toBe(sha(data.subarray(0, begun.at)))
    await placeArrival({ part, path: join(folder, 'a'), bytes: data.length, sha256: sha(data) }, undefined, begun)
    expect(readFileSync(join(folder, 'a')).equals(data)).toBe(true)
    expect(await growing.take(part)).toBeUndefined()
  })

  it('do not stand for a file that was changed behind them', async () => {
    const data = randomBytes(2 << 20)
    writeFileSync(part, randomBytes(2 << 20))
    const begun = await followed(0)
    writeFileSync(part, data)
    await placeArrival({ part, path: join(folder, 'a'), bytes: data.length, sha256: sha(data) }, undefined, begun)
    expect(readFileSync(join(folder, 'a')).equals(data)).toBe(true)
  })

  it('end when nobody wants them any more', async () => {
    writeFileSync(part, 'x')
    const following = growing.follow(part, 0, end.signal)
    end.abort()
    await following
    expect(await growing.take(part)).toBeUndefined()
    await expect(growing.follow(join(folder, 'gone'), 0, end.signal)).rejects.toMatchObject({ code: 'file.missing' })
  })
})
