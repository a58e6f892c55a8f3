import { describe, expect, it } from 'vitest'
import { parseHostText } from '../../../../../engine/host/parsers/index.ts'

const cases: [name: string, kind: string, text: string, expected: Record<string, unknown>][] = [
  ['an empty configuration', 'hccn-conf', '\n', { devices: [] }],
  [
    'optional keys of hccn.conf',
    'hccn',
    'address_3=10.0.0.4\nnetmask_3=255.255.255.0\ngateway_3=10.0.0.1\nnetdetect_3=10.0.0.9\nsend_arp_status_3=1\n',
    {
      devices: [
        {
          device: 3,
          ip: '10.0.0.4',
          netmask: '255.255.255.0',
          gateway: '10.0.0.1',
          netdetect: '10.0.0.9',
          sendArpStatus: '1',
        },
      ],
    },
  ],
  [
    'a device without an address among others',
    'hccn',
    '# hccn_tool -i 0 -ip -g\nipaddr:10.0.0.1\nnetmask:255.0.0.0\n# hccn_tool -i 1 -ip -g\n# hccn_tool -i 2 -link -g\nlink status: UP\n',
    {
      devices: [
        { device: 0, ip: '10.0.0.1', netmask: '255.0.0.0' },
        { device: 1, ip: null },
        { device: 2, link: 'UP' },
      ],
    },
  ],
  [
    'answers of a loop',
    'hccn',
    'link status: UP\nlink status: DOWN\n',
    {
      devices: [
        { device: 0, link: 'UP' },
        { device: 1, link: 'DOWN' },
      ],
    },
  ],
  ['good net health', 'hccn', 'net health status: Success\r\n', { netHealth: 'Success', ok: true }],
  [
    'a ping without an answer',
    'hccn',
    'device 0 PING 10.0.0.2\nrecv time out seq=0\n3 packets transmitted, 0 received, 100.00% packet loss\n',
    { device: 0, target: '10.0.0.2', sent: 3, received: 0, lossPct: 100, timesMs: [] },
  ],
  ['a gateway', 'hccn', 'default gateway:10.0.0.1, Iface:eth2\n', { defaultGateway: '10.0.0.1', iface: 'eth2' }],
  [
    'the TLS switch',
    'hccn',
    'dev_id:2, tls switch[0](0:disable, 1:enable), tls preconfigured[1]\n',
    { device: 2, tls: 'disable' },
  ],
  [
    'counters',
    'hccn',
    'packet statistics:\nmac_tx_mac_pause_num:0\nroce_rx_rc_pkt_num:12\n',
    { counters: { mac_tx_mac_pause_num: 0, roce_rx_rc_pkt_num: 12 } },
  ],
  [
    'lspci with numbers',
    'version-info',
    '0000:c1:00.0 1200: 19e5:d802 (rev 20)\n0000:05:00.0 0300: 19e5:1711 (rev 01)\n',
    { count: 1, deviceId: 'd802', family: '910B', busIds: ['0000:C1:00.0'] },
  ],
  [
    'a driver that wants a restart',
    'version-info',
    '[Driver] [2024-01-01 00:00:00] [INFO]upgradePercentage:100%\n[Driver] [2024-01-01 00:00:01] [INFO]Driver package installed successfully! Reboot needed for installation/upgrade to take effect!\n',
    { component: 'driver', result: 'success', rebootRequired: true, percent: 100 },
  ],
  [
    'an installation that goes on',
    'version-info',
    '[Firmware] [2024-01-01 00:00:00] [INFO]upgradePercentage: 30%\n',
    { component: 'firmware', result: 'running', percent: 30 },
  ],
  [
    'an installation by an ordinary user',
    'install-log',
    '[Driver] [ERROR]ERR_NO:0x0093;ERR_DES: do not have root permission, operation failed\n',
    { component: 'driver', result: 'failure', errNo: '0x0093', cause: 'The installer was not started as root.' },
  ],
  [
    'packages',
    'version-info',
    'Package    Version\n---------- -------\ntorch      2.1.0+cpu\ntorch-npu  2.1.0.post8\n',
    { packages: { torch: '2.1.0+cpu', 'torch-npu': '2.1.0.post8' } },
  ],
  [
    'uname on aarch64',
    'version-info',
    'Linux npu-1 5.10.0-60.18.0.50.oe2203.aarch64 #1 SMP Wed Mar 30 2022 aarch64 aarch64 aarch64 GNU/Linux',
    { kernel: '5.10.0-60.18.0.50.oe2203.aarch64', arch: 'aarch64', hostname: 'npu-1' },
  ],
  [
    'docker info of a newer version',
    'docker',
    'Client:\n Version:    24.0.5\nServer:\n Server Version: 24.0.5\n Runtimes: ascend io.containerd.runc.v2 runc\n Default Runtime: runc\n Registry Mirrors:\n  https://a.example/\n Live Restore Enabled: false\n',
    {
      serverVersion: '24.0.5',
      runtimes: ['ascend', 'io.containerd.runc.v2', 'runc'],
      defaultRuntime: 'runc',
      registryMirrors: ['https://a.example/'],
    },
  ],
  [
    'a configuration with a comma too many',
    'docker',
    '{\n  "default-runtime": "runc",\n  "registry-mirrors": ["https://a.example"],\n}\n',
    { defaultRuntime: 'runc', runtimes: {}, registryMirrors: ['https://a.example'] },
  ],
  [
    'device nodes with times',
    'docker',
    "crw-rw---- 1 root root 236, 0 Dec  5 10:00 /dev/davinci0\nls: cannot access '/dev/davinci1': No such file or directory\n",
    {
      nodes: [{ path: '/dev/davinci0', mode: 'crw-rw----', owner: 'root', group: 'root' }],
      missing: ['/dev/davinci1'],
    },
  ],
  [
    'running containers',
    'docker',
    'CONTAINER ID   IMAGE       COMMAND   CREATED        STATUS        PORTS     NAMES\n0123456789ab   cann:8.0    "bash"    2 days ago     Up 2 days               train\n',
    {
      containers: [
        {
          containerId: '0123456789ab',
          image: 'cann:8.0',
          command: '"bash"',
          created: '2 days ago',
          status: 'Up 2 days',
          ports: '',
          names: 'train',
        },
      ],
    },
  ],
  [
    'a container in detail',
    'docker',
    JSON.stringify([
      {
        Id: 'abc',
        Name: '/train',
        State: { Status: 'running' },
        Config: { Image: 'cann:8.0', User: '', Env: ['PATH=/bin', 'ASCEND_VISIBLE_DEVICES=0-7'] },
        HostConfig: {
          Runtime: 'ascend',
          Privileged: false,
          NetworkMode: 'host',
          IpcMode: 'host',
          ShmSize: 67108864,
          Devices: [{ PathOnHost: '/dev/davinci0' }],
        },
        Mounts: [{ Source: '/data', Destination: '/data', RW: true }],
      },
    ]),
    {
      containers: [
        {
          id: 'abc',
          name: 'train',
          image: 'cann:8.0',
          state: 'running',
          runtime: 'ascend',
          privileged: false,
          networkMode: 'host',
          ipcMode: 'host',
          shmBytes: 67108864,
          user: '',
          devices: ['/dev/davinci0'],
          mounts: [{ source: '/data', target: '/data', readOnly: false }],
          env: ['ASCEND_VISIBLE_DEVICES=0-7'],
        },
      ],
    },
  ],
  [
    'Docker without rights',
    'docker',
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
    { error: 'DOCKER_PERMISSION' },
  ],
  [
    'a package that was only checked',
    'version-info',
    'Verifying archive integrity...  100%   SHA256 checksums are OK. All good.\nUncompressing ASCEND-HDK-910B-NPU FIRMWARE RUN PACKAGE  100%\n',
    { component: 'firmware', result: 'success', action: 'check' },
  ],
]

describe('outputs that no fixture has', () => {
  it.each(cases)('%s', (_, kind, text, expected) => {
    expect(parseHostText(kind, text)).toMatchObject(expected)
  })
})
