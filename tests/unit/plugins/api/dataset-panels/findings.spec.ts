import { describe, expect, it } from 'vitest'
import {
  mergeDatasetsPanel,
  mindRecordPanel,
  preprocessPanel,
  rowsPanel,
  type FormValues,
  type PlanInput,
} from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'

const { plan: preprocess } = preprocessPanel({
  templates: ['llama2', 'empty'],
  kinds: ['alpaca', 'sharegpt', 'openai', 'alpaca-pairwise', 'sharegpt-pairwise', 'pretrain', 'general'],
})
const { plan: mindRecord } = mindRecordPanel({ kinds: ['wiki', 'qa', 'chatml', 'telechat'], seqLength: 2048 })
const { plan: merge } = mergeDatasetsPanel()
const { plan: ofRaw } = rowsPanel()
const split = (...parts: string[]) => codes(ofRaw, { input: '/rows.json', operation: 'split', output: '/out/a', parts })

const raw = { input: '/data/rows.json', tokenizer: '/data/model' }
type Values = FormValues
const codes = (plan: typeof preprocess, values: Values): string[] =>
  plan(inputForTest(values)).findings.map(({ level, code, field }) => `${level} ${code} @${field}`)
const ofRows = (values: Values) => codes(preprocess, { ...raw, outputPrefix: '/out/a', ...values })
const ofRecords = (values: Values) => codes(mindRecord, { ...raw, output: '/out/a.mindrecord', ...values })
const ofMerge = (values: Values) => codes(merge, { input: '/parts', outputPrefix: '/out/all', ...values })
const inFolder = (paths: PlanInput['paths']) => {
  const input = inputForTest({ input: '/parts', kind: 'pretrain', outputPrefix: '/out/all' }, { paths: paths ?? {} })
  return merge(input).findings.map(({ level, code, field }) => `${level} ${code} @${field}`)
}
const ofTokenizer = (...names: string[]) =>
  preprocess(
    inputForTest(
      { ...raw, outputPrefix: '/out/a', template: 'tokenizer' },
      { paths: { tokenizer: { kind: 'folder', names } } },
    ),
  ).findings.map(({ level, code, field }) => `${level} ${code} @${field}`)
const folderOf = (...names: string[]) => ({ input: { kind: 'folder' as const, names } })

interface Rule {
  readonly finding: string
  readonly fires: () => string[]
  readonly silent: () => string[]
}

const rules: Rule[] = [
  {
    finding: 'error template.noOwn @template',
    fires: () => ofTokenizer('tokenizer.model'),
    silent: () => [...ofTokenizer('tokenizer.json', 'tokenizer_config.json'), ...ofTokenizer('chat_template.jinja')],
  },
  {
    finding: 'error columns.noPrompt @promptColumn',
    fires: () => ofRows({ promptColumn: '', queryColumn: '' }),
    silent: () => ofRows({ promptColumn: '' }),
  },
  {
    finding: 'error columns.noResponse @responseColumn',
    fires: () => ofRows({ responseColumn: '' }),
    silent: () => ofRows({ kind: 'alpaca-pairwise', responseColumn: '' }),
  },
  {
    finding: 'warning columns.same @responseColumn',
    fires: () => ofRows({ responseColumn: 'instruction' }),
    silent: () => ofRows({}),
  },
  {
    finding: 'error columns.noMessages @messagesColumn',
    fires: () => ofRows({ kind: 'sharegpt', messagesColumn: '' }),
    silent: () => ofRows({ kind: 'openai', messagesColumn: '' }),
  },
  {
    finding: 'error columns.noMessages @openaiColumn',
    fires: () => ofRows({ kind: 'openai', openaiColumn: '' }),
    silent: () => ofRows({ kind: 'sharegpt', openaiColumn: '' }),
  },
  {
    finding: 'error columns.noTag @roleTag',
    fires: () => ofRows({ kind: 'sharegpt', roleTag: '' }),
    silent: () => ofRows({ kind: 'openai', roleTag: '' }),
  },
  {
    finding: 'error columns.sameTag @userTag',
    fires: () => ofRows({ kind: 'sharegpt', assistantTag: 'human' }),
    silent: () => ofRows({ kind: 'sharegpt', functionTag: '', observationTag: '' }),
  },
  {
    finding: 'error columns.noAnswer @chosenColumn',
    fires: () => ofRows({ kind: 'sharegpt-pairwise', chosenColumn: '' }),
    silent: () => ofRows({ kind: 'sharegpt', chosenColumn: '' }),
  },
  {
    finding: 'error columns.samePair @rejectedColumn',
    fires: () => ofRows({ kind: 'alpaca-pairwise', rejectedColumn: 'chosen' }),
    silent: () => ofRows({ kind: 'alpaca-pairwise' }),
  },
  {
    finding: 'error columns.noText @jsonKeys',
    fires: () => ofRows({ kind: 'pretrain', jsonKeys: [] }),
    silent: () => ofRows({ kind: 'pretrain' }),
  },
  {
    finding: 'error pack.noLength @seqLength',
    fires: () => ofRows({ pack: true }),
    silent: () => ofRows({ pack: true, seqLength: 512 }),
  },
  {
    finding: 'warning pack.noEnd @appendEod',
    fires: () => ofRows({ pack: true, seqLength: 512, template: 'empty' }),
    silent: () => ofRows({ pack: true, seqLength: 512, template: 'empty', appendEod: true }),
  },
  {
    finding: 'warning pack.compat @compat',
    fires: () => ofRows({ pack: true, seqLength: 512, compat: true }),
    silent: () => ofRows({ compat: true }),
  },
  {
    finding: 'note output.suggested @outputPrefix',
    fires: () => ofRows({ outputPrefix: '' }),
    silent: () => ofRows({}),
  },
  {
    finding: 'error mindrecord.name @output',
    fires: () => ofRecords({ output: "/out/it's.mindrecord" }),
    silent: () => ofRecords({ output: "/it's/a.mindrecord" }),
  },
  {
    finding: 'warning mindrecord.ending @output',
    fires: () => ofRecords({ output: '/out/a.mr' }),
    silent: () => ofRecords({}),
  },
  {
    finding: 'note mindrecord.shards @shards',
    fires: () => ofRecords({ shards: 2 }),
    silent: () => ofRecords({ shards: 1 }),
  },
  {
    finding: 'error mindrecord.token @padToken',
    fires: () => ofRecords({ kind: 'telechat', padToken: '' }),
    silent: () => ofRecords({ kind: 'telechat', startToken: '' }),
  },
  {
    finding: 'error merge.noKeys @keys',
    fires: () => ofMerge({ kind: 'other', keys: [' '] }),
    silent: () => ofMerge({ kind: 'other', keys: ['text_document'] }),
  },
  {
    finding: 'error merge.noKeys @textKeys',
    fires: () => ofMerge({ kind: 'pretrain', textKeys: [] }),
    silent: () => ofMerge({ kind: 'pretrain' }),
  },
  {
    finding: 'error rows.parts @parts',
    fires: () => split('train 98', 'test'),
    silent: () => split('train 98', 'test 2'),
  },
  {
    finding: 'error rows.parts @parts',
    fires: () => split('train 98', 'train 2'),
    silent: () => split('a 1', 'b 0.5 %'),
  },
  { finding: 'error rows.parts @parts', fires: () => split('train 98'), silent: () => split('a 1', '', 'b 1') },
  {
    finding: 'error merge.noFolder @input',
    fires: () => inFolder({ input: null }),
    silent: () => inFolder({}),
  },
  {
    finding: 'error merge.noParts @input',
    fires: () => inFolder(folderOf('a_title_document.idx', 'a_text_document.bin')),
    silent: () => inFolder(folderOf('a_text_document.bin', 'a_text_document.idx')),
  },
  {
    finding: 'warning merge.amongParts @outputPrefix',
    fires: () => ofMerge({ outputPrefix: '/parts/all' }),
    silent: () => ofMerge({ outputPrefix: '/parts/all/all' }),
  },
]

describe('findings of the data panels', () => {
  it.each(rules)('$finding', ({ finding, fires, silent }) => {
    expect(fires()).toContain(finding)
    expect(silent()).not.toContain(finding)
  })

  it('says nothing at all about a sound form', () => {
    expect([ofRows({}), ofRecords({}), ofMerge({})]).toEqual([[], [], []])
  })
})
