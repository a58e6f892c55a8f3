import { describe, expect, it } from 'vitest'
import { parseContainers } from '#main/deploy/engine-place.ts'

const answer = `Welcome to the host
client sudo -n docker
container mindformers swr.example/mindformers:1.0
in os Linux
in arch aarch64
in libc glibc 2.31
in seen yes
in node /root/.ascend-workbench/runtime/node-24.21.0-linux-arm64/bin/node v24.21.0
container old centos:7
in os Linux
in arch aarch64
in libc ldd (GNU libc) 2.17
container own centos:7
in os Linux
in libc glibc 2.17
in node /usr/bin/node v26.0.0
container small awb:1
in os Linux
in libc glibc 2.36
in missing mv
container stuck busybox
`

describe('what runs on a host', () => {
  it('is read with what each container can do', () => {
    const { client, containers } = parseContainers(answer)
    expect(client).toEqual(['sudo', '-n', 'docker'])
    expect(containers.map(({ name, glibc, seesFolder, canRun }) => [name, glibc, seesFolder, canRun])).toEqual([
      ['mindformers', '2.31', true, true],
      ['old', '2.17', false, false],
      ['own', '2.17', false, true],
      ['small', '2.36', false, false],
      ['stuck', null, false, false],
    ])
    expect(containers[0]?.probe.nodes).toHaveLength(1)
  })

  it('is nothing where docker does not answer', () => {
    expect(parseContainers('')).toEqual({ client: [], containers: [] })
  })
})
