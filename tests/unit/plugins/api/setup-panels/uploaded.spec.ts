import { describe, expect, it } from 'vitest'
import type { FormValues } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import { planDriver, planImage } from '../../../../../plugins/telechat2/src/index.ts'
import { codesOf } from './families.ts'

const driver = '/up/Ascend-hdk-910b-npu-driver_23.0.3_linux-x86_64.run'

describe('files that have to be uploaded', () => {
  it.each<[string, typeof planImage, FormValues, string]>([
    ['an archive of an image', planImage, { action: 'load', archive: '/up/a.tar' }, 'archive'],
    ['a Dockerfile', planImage, { action: 'build', dockerfile: '/up/Dockerfile' }, 'dockerfile'],
    ['a driver', planDriver, { driver }, 'driver'],
    ['a driver over another one', planDriver, { driver, action: 'overwrite' }, 'driver'],
  ])('%s is missed where it is not there', (_what, plan, values, field) => {
    const code = `error setup.missing @${field}`
    expect(codesOf(plan(inputForTest(values, { paths: { [field]: null } })))).toContain(code)
    expect(codesOf(plan(inputForTest(values, { paths: { [field]: { kind: 'file', names: [] } } })))).not.toContain(code)
    expect(codesOf(plan(inputForTest(values)))).not.toContain(code)
  })

  it('are not missed where they are not used', () => {
    const gone = { archive: null, driver: null }
    expect(
      planImage(inputForTest({ action: 'pull', image: 'a:1', archive: '/up' }, { paths: gone })).steps,
    ).toHaveLength(1)
    expect(planDriver(inputForTest({ action: 'uninstall', driver }, { paths: gone })).steps).toHaveLength(3)
  })
})
