import { describe, expect, it } from 'vitest'
import type { FormValues, HostFacts } from '#plugin-api'
import { factsForTest } from '#plugin-api/testing.ts'
import { codesOf, planOf } from './families.ts'

const driver = '/p/Ascend-hdk-910b-npu-driver_23.0.3_linux-x86_64.run'
const firmware = '/p/Ascend-hdk-910b-npu-firmware_7.1.0.5.220.run'
const other = '/p/Atlas-A3-hdk-npu-driver_26.0.RC1_linux-x86-64.run'

/** Each rule from both sides: values it speaks about, and values it is silent about. */
const rules: [code: string, speaks: FormValues, silent: FormValues][] = [
  ['error driver.packages @driver', {}, { action: 'uninstall' }],
  ['error driver.packages @driver', {}, { firmware }],
  ['error driver.chips @firmware', { driver: other, firmware }, { driver, firmware }],
  ['error driver.path @driver', { driver: 'a.run' }, { driver }],
  ['warning driver.name @driver', { driver: '/p/driver.run' }, { driver: other }],
  ['error driver.kind @firmware', { firmware: driver }, { firmware }],
  ['error driver.architecture @driver', { driver: driver.replace('x86_64', 'aarch64') }, { driver: other }],
  ['note driver.restart @', { driver }, { action: 'uninstall' }],
  ['warning driver.uninstall @action', { action: 'uninstall' }, { driver }],
  ['warning driver.containers @action', { driver, action: 'overwrite' }, { driver }],
  ['note driver.group @forAll', { driver, forAll: false }, { driver }],
  ['error driver.installPath @installPath', { driver, installPath: 'opt' }, { driver }],
  ['error driver.extra @extra', { driver, extra: '--a ; reboot' }, { driver, extra: '--norebuild --x=/a' }],
]

describe('findings of the driver panel', () => {
  it.each(rules)('%s', (code, speaks, silent) => {
    expect(codesOf(planOf('telechat2', 'driver', speaks))).toContain(code)
    expect(codesOf(planOf('telechat2', 'driver', silent))).not.toContain(code)
  })

  it('says that it takes root, unless the engine is root', () => {
    const as = (user: string): HostFacts => factsForTest({ user })
    expect(codesOf(planOf('mistral', 'driver', { driver }, as('me')))).toContain('note driver.root @')
    expect(codesOf(planOf('mistral', 'driver', { driver }, as('root')))).not.toContain('note driver.root @')
  })

  it('keeps the order of each case', () => {
    const order = (values: FormValues) => planOf('qwen1.5', 'driver', values).steps.map(({ id }) => id)
    const both = { driver, firmware }
    expect(order(both)).toEqual(['prepare', 'dependencies', 'account', 'driver', 'firmware', 'verify'])
    expect(order({ ...both, action: 'overwrite', dependencies: false, account: false })).toEqual([
      'prepare',
      'firmware',
      'driver',
      'verify',
    ])
    expect(order({ action: 'uninstall' })).toEqual(['driver', 'firmware', 'rest'])
    expect(order({ driver, firmware: driver })).toEqual([])
  })
})
