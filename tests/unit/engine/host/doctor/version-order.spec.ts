import { describe, expect, it } from 'vitest'
import { compareVersions, isInRanges } from '../../../../../engine/host/doctor/version-order.ts'

describe('the order of versions', () => {
  it.each([
    ['24.1.rc1', '24.1.rc2'],
    ['24.1.rc2', '24.1.rc2.2'],
    ['24.1.rc3', '24.1.0'],
    ['24.1.RC3', '24.1.0'],
    ['23.0.7', '24.1.rc1'],
    ['7.1.0.5.220', '7.1.0.11.220'],
    ['8.0.RC3', '8.0.0'],
    ['8.3.RC1', '8.5.0'],
    ['2.1.0', '2.1.0.post10'],
    ['2.1.0.post8', '2.1.0.post10'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0)
    expect(compareVersions(newer, older)).toBeGreaterThan(0)
  })

  it('does not mind case', () => {
    expect(compareVersions('25.0.RC1', '25.0.rc1')).toBe(0)
  })
})

describe('ranges of compatible versions', () => {
  it.each([
    ['7.1.0.11.220', '[7.0.0,7.2.99]', true],
    ['7.7.0.1.231', '[7.0.0,7.2.99]', false],
    ['24.1.rc1', '[23.0.0,23.0.0.],[24.1,24.1.]', true],
    ['25.2.0', '[24.0,24.0.],[25.0,25.0.]', false],
    ['V100R001C18SPC001B233', '[V100R001C30],[V100R001C18]', true],
    ['V100R001C15SPC001', '[V100R001C13,V100R001C19],[V100R001C30]', true],
    ['V100R001C25', '[V100R001C13,V100R001C19]', false],
    ['1.0', '', null],
  ])('%s in %s: %s', (version, ranges, expected) => {
    expect(isInRanges(version, ranges)).toBe(expected)
  })
})
