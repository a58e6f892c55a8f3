import { describe, expect, it } from 'vitest'
import type { FormValues, HostFacts } from '#plugin-api'
import { codesOf, eight, factsWith, planOf } from './families.ts'

const codesFor = (values: FormValues, facts: HostFacts = eight): string[] =>
  codesOf(planOf('llama2', 'container', values, facts))

/** Each rule from both sides: values it speaks about, and values it is silent about. */
const rules: [code: string, speaks: FormValues, silent: FormValues, facts?: HostFacts][] = [
  ['error container.image @image', { image: 'a b' }, { image: 'quay.io:5000/ascend/cann:8.0' }],
  ['error container.image @image', { image: '--rm' }, { image: 'a' }],
  ['note container.image.latest @image', { image: 'localhost:5000/cann' }, { image: 'localhost:5000/cann:8' }],
  ['error container.name @name', { name: '-x' }, { name: 'x-1' }],
  ['warning container.replace @replace', { replace: true }, { replace: false }],
  ['error container.npuList @npuList', { npus: 'list', npuList: '0-' }, { npus: 'list', npuList: ' 0 - 3, 5' }],
  ['error container.npuList @npuList', { npus: 'list', npuList: '' }, { npus: 'all', npuList: '' }],
  ['error container.npuMissing @npuList', { npus: 'list', npuList: '7,8' }, { npus: 'list', npuList: '7' }],
  ['warning container.npusUnknown @npus', {}, { npus: 'none' }, factsWith()],
  ['warning container.privileged @access', { access: 'privileged' }, { access: 'devices' }],
  ['note container.runtime @access', { access: 'runtime' }, { access: 'runtime', npus: 'none' }],
  ['error container.user @user', { user: '$(id)' }, { user: '' }],
  ['warning container.user.rights @user', { user: '1000' }, { user: 'root:root' }],
  ['error container.mount @mounts', { mounts: ['data'] }, { mounts: ['/data:/mnt:ro', '~'] }],
  ['error container.mount @mounts', { mounts: ['/a:/b:rx'] }, { mounts: ['/a:/b:rw'] }],
  ['error container.mount @systemMounts', { systemMounts: ['x'] }, { systemMounts: ['x'], access: 'runtime' }],
  ['error container.mount.twice @mounts', { mounts: ['/a:/m', '/b:/m/'] }, { mounts: ['/a:/m', '/b:/n'] }],
  ['warning container.mount.host @mounts', { mounts: ['/:/host'] }, { mounts: ['/srv:/host'] }],
  ['warning container.mount.host @mounts', { mounts: ['/var/run/docker.sock'] }, { mounts: ['/var/running'] }],
  ['warning container.mount.driver @systemMounts', { systemMounts: [] }, { systemMounts: [], npus: 'none' }],
  ['note container.ipcHost @ipc', {}, { ipc: 'private' }],
  ['warning container.shm @shmGib', { ipc: 'private', shmGib: 1 }, { ipc: 'host', shmGib: 1 }],
  ['note container.networkHost @network', {}, { network: 'bridge' }],
  ['note container.networkBridge @network', { network: 'bridge' }, {}],
  ['error container.port @ports', { network: 'bridge', ports: ['80'] }, { network: 'host', ports: ['80'] }],
  ['note container.hostPids @hostPids', { hostPids: true }, {}],
  ['error container.environment @environment', { environment: ['A B=1'] }, { environment: ['A=B 1'] }],
  ['warning container.secret @environment', { environment: ['HF_TOKEN=1'] }, { environment: ['HF_HOME=1'] }],
]

describe('findings of the container panel', () => {
  it.each(rules)('%s', (code, speaks, silent, facts = eight) => {
    expect(codesFor(speaks, facts)).toContain(code)
    expect(codesFor(silent, facts)).not.toContain(code)
  })

  it('has no steps while the values cannot be used', () => {
    expect(planOf('llama2', 'container', { image: 'a b' }).steps).toEqual([])
    expect(planOf('llama2', 'container', { name: '' }).steps).toEqual([])
  })

  it('starts the container of the guide as privileged, all others with single nodes', () => {
    expect(codesOf(planOf('telechat2', 'container'))).toContain('warning container.privileged @access')
    for (const family of ['llama2', 'mistral', 'qwen1.5']) {
      expect(codesOf(planOf(family, 'container'))).not.toContain('warning container.privileged @access')
    }
  })
})
