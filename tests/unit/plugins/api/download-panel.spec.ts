import { describe, expect, it } from 'vitest'
import { taskSpecs } from '#engine/protocol/tasks.ts'
import { downloadPanel, text, type FormValues } from '#plugin-api'
import { factsForTest, inputForTest, planText } from '#plugin-api/testing.ts'
import * as llama2 from '../../../../plugins/llama2/src/index.ts'
import * as mistral from '../../../../plugins/mistral/src/index.ts'
import * as qwen from '../../../../plugins/qwen1.5/src/index.ts'
import * as telechat2 from '../../../../plugins/telechat2/src/index.ts'

const { plan } = downloadPanel([
  {
    id: 'small',
    title: text('Small', '小'),
    kind: 'model',
    hub: 'modelscope',
    repository: 'owner/small',
    include: ['*.json'],
    bytes: 5 * 1024 ** 3,
    isGated: true,
  },
])
const planFor = (values: FormValues) => plan(inputForTest(values))
const codesFor = (values: FormValues): string[] => planFor(values).findings.map(({ code }) => code)

describe('the download panel', () => {
  it('downloads a known repository into the workspace', () => {
    expect(planText(planFor({}))).toMatchInlineSnapshot(`
      "Download small | 下载 small
      note download.gated @known
        The terms of owner/small have to be accepted on its page; the engine’s environment needs MODELSCOPE_API_TOKEN.
        需先在 owner/small 页面同意协议，并在引擎环境中设置 MODELSCOPE_API_TOKEN。
      note output.suggested @output
        Writes to /home/user/workspace/models/small.
        将写入 /home/user/workspace/models/small。
      estimate {"diskBytes":5368709120}
      step download | Download small | 下载 small
      task hub.download {
        "hub": "modelscope",
        "kind": "model",
        "repository": "owner/small",
        "output": "/home/user/workspace/models/small",
        "include": [
          "*.json"
        ],
        "exclude": [],
        "parallel": 4
      }
      output checkpoint /home/user/workspace/models/small 5368709120 bytes | small | small
      "
    `)
  })

  it('downloads any other with all that the form says', () => {
    const values = {
      known: 'other',
      kind: 'dataset',
      source: 'huggingface',
      repository: ' owner/data ',
      revision: 'v2',
      endpoint: 'https://mirror.example',
      proxy: 'http://proxy:3128',
      include: ['data/**'],
      exclude: ['*.bin'],
      parallel: 8,
      output: '/data/it/',
    }
    expect(planText(planFor(values))).toMatchInlineSnapshot(`
      "Download data | 下载 data
      step download | Download data | 下载 data
      task hub.download {
        "hub": "huggingface",
        "kind": "dataset",
        "repository": "owner/data",
        "output": "/data/it",
        "include": [
          "data/**"
        ],
        "exclude": [
          "*.bin"
        ],
        "parallel": 8,
        "revision": "v2",
        "endpoint": "https://mirror.example",
        "proxy": "http://proxy:3128"
      }
      "
    `)
  })

  it('asks through the workbench instead of a proxy', () => {
    const [step] = planFor({ relay: true, proxy: 'http://proxy:3128' }).steps
    expect(step).toMatchObject({ spec: { relay: true } })
    expect(JSON.stringify(step)).not.toContain('3128')
  })

  it('compares the size with the free space', () => {
    const { findings } = plan(inputForTest({}, { facts: factsForTest({ workspaceFreeBytes: 1024 ** 3 }) }))
    expect(findings.map(({ code }) => code)).toContain('output.space')
    expect(codesFor({})).not.toContain('output.space')
  })

  it.each([
    ['download.repository', { known: 'other', repository: '' }, { known: 'other', repository: 'a/b' }],
    ['download.repository', { known: 'other', repository: '../b' }, { known: 'other', repository: 'a.b/c-d' }],
    ['download.repository', { known: 'other', repository: 'a/b/c' }, { known: 'small' }],
    [
      'download.address',
      { known: 'other', source: 'address', repository: 'a/b' },
      { known: 'other', repository: 'a/b' },
    ],
    ['download.url', { endpoint: 'mirror' }, { endpoint: 'https://mirror' }],
    ['download.url', { proxy: 'socks5://host' }, { proxy: 'http://host:80' }],
    ['download.password', { proxy: 'http://me:secret@host:80' }, { proxy: 'http://host/@' }],
    ['download.gated', { known: 'small' }, { known: 'other', repository: 'a/b' }],
  ])('%s: %j, but not %j', (code, fires, isQuiet) => {
    expect(codesFor(fires)).toContain(code)
    expect(codesFor(isQuiet)).not.toContain(code)
  })
})

describe.each(Object.entries({ llama2, mistral, qwen, telechat2 }))('what %s offers', (_, { family, planDownload }) => {
  const panel = family.contributes.panels.find(({ id }) => id === 'download')
  const known = (panel?.form.hints['known']?.options ?? []).map(({ value }) => String(value))

  it.each(known.filter((id) => id !== 'other'))('%s can be downloaded', (id) => {
    const { steps, findings } = planDownload(inputForTest({ known: id }))
    expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    const [step] = steps
    expect(step?.kind === 'task' && taskSpecs['hub.download'].safeParse(step.spec).success).toBe(true)
  })
})
