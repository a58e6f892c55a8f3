import { describe, expect, it } from 'vitest'
import { parseHostText } from '../../../../../engine/host/parsers/index.ts'

const cases: [name: string, kind: string, text: string, expected: Record<string, unknown>][] = [
  [
    'a card count',
    'npu-smi',
    'Card Count : 1\n\nNPU ID : 8\nSerial Number : 0331\n',
    { kind: 'list', sections: [{ 'Card Count': '1' }, { 'NPU ID': '8', 'Serial Number': '0331' }] },
  ],
  [
    'good health',
    'npu-smi',
    '\tHealth Status                  : OK\n\tError Code                     : NA\n\tError Information              : NA\n',
    { kind: 'health', health: 'OK', errorCodes: [], errorInformation: [] },
  ],
  [
    'a map of an A3 card',
    'npu-smi',
    'NPU ID   Chip ID   Chip Logic ID   Chip Phy-ID   Chip Name\n0   1   1   1   Ascend910\n0   2   -   -   Mcu\n',
    {
      kind: 'map',
      chips: [
        { npu: 0, chip: 1, logicId: 1, phyId: 1, name: 'Ascend910' },
        { npu: 0, chip: 2, logicId: null, phyId: null, name: 'Mcu' },
      ],
    },
  ],
  [
    'memory that is only fragmented',
    'logs',
    'RuntimeError: NPU out of memory. Tried to allocate 512.00 MiB (NPU 1; 60.00 GiB total capacity; 40.00 GiB already allocated; 58.00 GiB reserved in total by PyTorch)',
    {
      code: 'NPU_OOM',
      category: 'memory',
      oom: { npu: 1, requestMiB: 512, totalGiB: 60, allocatedGiB: 40, reservedGiB: 58, fragmented: true },
    },
  ],
  [
    'a code that is only known by its form',
    'logs',
    '[ERROR] 2024-03-07-01:31:48 (PID:1, Device:0, RankID:-1) ERR01007 OPS feature not supported',
    { code: 'ERR01007', category: 'framework' },
  ],
  [
    'a cause beside the code of the framework',
    'logs',
    'ERR02200 DIST call hccl api failed.\nEI0006: Getting socket times out.',
    { code: 'EI0006', category: 'hccl-link' },
  ],
  [
    'a newer line of MindFormers',
    'logs',
    '{ step:[   10/  100], loss: 5.5, per_step_time: 900ms, lr: 1e-05, overflow cond: True, loss_scale: 65536, grad_norm: [1.5], throughput: 100.5T }',
    {
      code: null,
      category: 'progress',
      metrics: [
        {
          step: 10,
          steps: 100,
          loss: 5.5,
          stepMs: 900,
          lr: 1e-5,
          overflow: true,
          lossScale: 65536,
          gradNorm: 1.5,
          tflopsPerNpu: 100.5,
        },
      ],
    },
  ],
  ['a log without anything known', 'logs', 'hello\n', { kind: 'unknown', raw: 'hello\n' }],
  [
    'processes of a card',
    'npu-smi',
    '\tNPU ID                         : 0\n\tChip ID                        : 0\n\tProcess id:11    Process name:python    Process memory(MB):100\n\tProcess id:12    Process name:sh    Process memory(MB):7\n',
    {
      kind: 'proc-mem',
      sections: [
        { 'NPU ID': '0', 'Chip ID': '0', 'Process id': '11', 'Process name': 'python', 'Process memory(MB)': '100' },
        { 'Process id': '12', 'Process name': 'sh', 'Process memory(MB)': '7' },
      ],
    },
  ],
  [
    'a blanked table of a 950',
    'npu-smi',
    '| 0      | xxx              | OK            | 207.6       65                0     / 0             |\n|        |                  | NA            | 7           0    / 0          5249  / 131072        |\n| NPU ID | Process id | Process name | Process memory(MB) |\n| 0 | xxx | python | xxx |\n',
    {
      npus: [
        {
          npu: 0,
          chip: 0,
          name: 'xxx',
          powerW: 207.6,
          npuUtilPct: 7,
          aicorePct: null,
          busId: null,
          hbmTotalMB: 131072,
        },
      ],
      processes: [],
      unread: ['| 0 | xxx | python | xxx |'],
    },
  ],
  [
    'a driver that fails in some other way',
    'npu-smi',
    'dcmi get card list failed. ret is -8008',
    { kind: 'error', error: 'NPU_SMI_FAILED', ret: -8008 },
  ],
  [
    'the super pod of a card',
    'npu-smi',
    '\tNPU ID                         : 0\n\tSDID                           : 0\n\tSuper Pod ID                   : 0\n',
    { kind: 'spod-info', sections: [{ 'NPU ID': '0', SDID: '0', 'Super Pod ID': '0' }] },
  ],
]

describe('outputs of npu-smi and logs that no fixture has', () => {
  it.each(cases)('%s', (_, kind, text, expected) => {
    expect(parseHostText(kind, text)).toMatchObject(expected)
  })
})
