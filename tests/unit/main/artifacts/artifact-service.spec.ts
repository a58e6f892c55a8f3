import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactId } from '#engine/protocol/ids.ts'
import { LOCAL_HOST, RunId } from '#engine/protocol/ids.ts'
import { Database } from '#main/store/database.ts'
import { settle } from '../../../fixtures/fakes/clock.ts'
import { FakeFamilies } from '../../../fixtures/fakes/families.ts'
import { FakeMain } from '../../../fixtures/fakes/main.ts'
import { fakeSummary } from '../../../fixtures/fakes/summary.ts'

let database: Database
let main: FakeMain
beforeEach(() => {
  database = new Database(':memory:')
  main = new FakeMain(new FakeFamilies([], {}), database)
})
afterEach(() => {
  main[Symbol.dispose]()
  database[Symbol.dispose]()
})

const found = (path: string, run = 'r1') => ({
  host: LOCAL_HOST,
  kind: 'checkpoint' as const,
  path,
  passport: null,
  run: RunId.parse(run),
  createdAt: 1,
})

describe('an artifact', () => {
  it('has those as parents that the form of its run names', async () => {
    main.host.summaries.set('/a', fakeSummary('/a'))
    const parent = await main.artifacts.add(LOCAL_HOST, 'checkpoint', '/a')
    main.artifacts.register(found('/b'), { input: '/a', output: '/b', tp: 2 })
    expect(main.artifacts.list()).toMatchObject([
      { path: '/a', run: null, parents: [] },
      { path: '/b', name: 'b', run: 'r1', parents: [parent.id] },
    ])
  })

  it('is the same one when it is made again at its place', () => {
    main.artifacts.register(found('/b', 'r1'), {})
    main.artifacts.register(found('/b', 'r2'), {})
    expect(main.artifacts.list()).toMatchObject([{ path: '/b', run: 'r2' }])
    expect(main.artifacts.ofRun(RunId.parse('r1'))).toEqual([])
  })

  it('keeps its run when it is added by hand as well', async () => {
    main.host.summaries.set('/b', fakeSummary('/b'))
    main.artifacts.register(found('/b'), {})
    expect(await main.artifacts.add(LOCAL_HOST, 'checkpoint', '/b')).toMatchObject({ run: 'r1' })
  })

  it('is not added when nothing readable is there', async () => {
    await expect(main.artifacts.add(LOCAL_HOST, 'checkpoint', '/no')).rejects.toMatchObject({ code: 'file.missing' })
    expect(main.artifacts.list()).toEqual([])
  })

  it('is told to be gone when its path is, and to be back', async () => {
    main.artifacts.register(found('/b'), {})
    await settle()
    const seen: unknown[] = []
    using _watching = main.artifacts.onChange((change) => seen.push(change))
    await main.artifacts.refresh(LOCAL_HOST)
    expect(seen).toMatchObject([{ kind: 'changed', artifact: { path: '/b', exists: false } }])
    await main.artifacts.refresh(LOCAL_HOST)
    expect(seen).toHaveLength(1)
    main.host.paths.add('/b')
    await main.artifacts.refresh(LOCAL_HOST)
    expect(seen.at(-1)).toMatchObject({ artifact: { exists: true } })
  })

  it('is forgotten once', () => {
    main.artifacts.register(found('/b'), {})
    const [artifact] = main.artifacts.list()
    main.artifacts.forget(artifact?.id as ArtifactId)
    expect(main.artifacts.list()).toEqual([])
    expect(() => main.artifacts.forget(artifact?.id as ArtifactId)).toThrow(
      expect.objectContaining({ code: 'artifact.unknown' }),
    )
  })

  it('is still known after a restart', () => {
    main.artifacts.register(found('/b'), {})
    const before = main.artifacts.list()
    main[Symbol.dispose]()
    main = new FakeMain(new FakeFamilies([], {}), database)
    expect(main.artifacts.list()).toEqual(before)
  })
})
