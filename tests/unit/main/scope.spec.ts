import { describe, expect, it } from 'vitest'
import { onDispose, Scope } from '#main/scope.ts'

describe('a scope', () => {
  it('closes what it holds in reverse order, children included', () => {
    const closed: string[] = []
    const scope = new Scope('app')
    scope.defer(() => closed.push('first'))
    scope.child('window').defer(() => closed.push('child'))
    scope.defer(() => closed.push('last'))
    scope[Symbol.dispose]()
    expect(closed).toEqual(['last', 'child', 'first'])
  })

  it('closes the rest when one fails, and reports the failure', () => {
    const closed: string[] = []
    const failures: unknown[] = []
    const scope = new Scope('app', (error, name) => failures.push([name, (error as Error).message]))
    scope.defer(() => closed.push('first'))
    scope.defer(() => {
      throw new Error('stuck')
    })
    scope[Symbol.dispose]()
    expect(closed).toEqual(['first'])
    expect(failures).toEqual([['app', 'stuck']])
  })

  it('closes nothing twice, and at once what comes late', () => {
    let closed = 0
    const scope = new Scope('app')
    scope.defer(() => closed++)
    scope[Symbol.dispose]()
    scope[Symbol.dispose]()
    expect(closed).toBe(1)
    scope.add(onDispose(() => closed++))
    expect(closed).toBe(2)
  })
})
