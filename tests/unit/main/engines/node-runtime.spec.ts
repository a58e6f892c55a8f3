import { describe, expect, it } from 'vitest'
import { nodeProgram } from '#main/engines/node-runtime.ts'

const facts = { electronVersion: undefined, execPath: '/usr/bin/x', platform: 'linux', root: '/app', resources: '/res' }

describe('the Node of the engine', () => {
  it('is the one that runs main, under plain Node', () => {
    expect(nodeProgram(facts, () => true)).toBe('/usr/bin/x')
  })

  it('is never Electron itself', () => {
    const desktop = { ...facts, electronVersion: '45.0.0' }
    expect(nodeProgram(desktop, () => true)).toBe('/res/node/node')
    expect(nodeProgram(desktop, (path) => path.startsWith('/app'))).toBe('/app/node_modules/node/bin/node')
    expect(nodeProgram(desktop, () => false)).toBe('node')
    expect(nodeProgram({ ...desktop, platform: 'win32', resources: undefined }, () => false)).toBe('node.exe')
  })
})
