import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskSpecs, type TaskName } from '#engine/protocol/tasks.ts'
import { buildProgram } from '#engine/cli/program.ts'
import { planScript } from '#main/runs/plan-script.ts'
import { taskCommand } from '#main/runs/task-command.ts'
import { plan, script, text } from '../../../fixtures/fakes/families.ts'

let folder: string
let awb: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-script-'))
  awb = join(folder, 'awb')
  writeFileSync(awb, `#!/usr/bin/env bash\nprintf '%s\\0' "$@" >>${join(folder, 'arguments')}\n`)
  chmodSync(awb, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (body: string) =>
  spawnSync('bash', [], { input: body, encoding: 'utf8', env: { ...process.env, AWB: awb } })
const isClean = (body: string) => execFileSync('bash', ['-n'], { input: body, encoding: 'utf8' }) === ''

const task = (id: string, name: TaskName, spec: unknown) =>
  ({ kind: 'task', id, title: text(id), task: name, spec }) as const

/** One spec of each task, with everything set that can be. */
const specs: { readonly [N in TaskName]: unknown } = {
  'checkpoint.create': { definition: '/sample', output: "/out/it's" },
  'checkpoint.convert': {
    input: '/in put',
    output: '/out',
    target: { layout: 'mcore', tp: 2, pp: 4, vocabDivisor: 8 },
    dtype: 'bf16',
    strategy: '/s',
  },
  'checkpoint.verify': {
    checkpoint: '/a',
    against: '/b',
    logits: { prompts: ['one, two', '-- three'], tokens: 8, tolerance: 0.25 },
    listed: 3,
    strategy: '/s',
    againstStrategy: '/t',
  },
  'checkpoint.split': {
    input: '/whole.ckpt',
    output: '/ranks',
    strategy: '/strategy',
    sourceStrategy: '/other',
    prefix: 'llama_',
    weightsOnly: true,
  },
  'checkpoint.mergeLora': {
    input: '/lora',
    output: '/merged',
    scaling: 0.5,
    strategy: '/strategy',
    prefix: 'x',
    weightsOnly: true,
  },
  'checkpoint.merge': { input: '/ranks', output: '/whole', strategy: '/strategy', weightsOnly: true },
  'dataset.preprocess': {
    input: '/raw.json',
    outputPrefix: '/data/alpaca',
    handler: 'alpaca',
    template: 'llama2',
    tokenizer: '/tokenizer',
    columns: { prompt: 'question', query: '', response: '-answer', history: '', system: '系统' },
    seqLength: 128,
    appendEod: true,
    strict: true,
    workers: 3,
    maxRows: 9,
  },
  'dataset.mindrecord': {
    handler: 'chatml',
    input: '/raw.jsonl',
    output: '/data/qwen.mindrecord',
    tokenizer: '/vocab.json',
    merges: '/merges.txt',
    seqLength: 128,
    shards: 2,
    tokens: { start: '' },
    strict: true,
  },
  'dataset.conversations': { input: '/alpaca rows.json', output: '/conversations.json', style: 'qwen1.5' },
  'dataset.merge': {
    input: '/parts',
    keys: ['packed_input_ids_document', 'packed_labels_document'],
    outputPrefix: '/all',
  },
  'dataset.sample': { input: '/raw.jsonl', output: '/some.jsonl', rows: 5, seed: 3, strict: true },
  'dataset.split': {
    input: '/raw.jsonl',
    outputPrefix: '/parts',
    parts: [
      { name: 'train', share: 0.9 },
      { name: 'valid', share: 0.1 },
    ],
    strict: true,
  },
  'dataset.deduplicate': { input: '/raw', output: '/unique.jsonl', columns: ['instruction', 'input'], strict: true },
  'reference.train': {
    checkpoint: '/a',
    dataset: '/data/alpaca',
    output: '/trained',
    method: 'lora',
    lora: { rank: 4, alpha: 8, targets: ['q', 'v'] },
    steps: 10,
    batchSize: 2,
    seqLength: 64,
    learningRate: 3e-7,
  },
  'reference.generate': {
    checkpoint: '/a',
    template: 'empty',
    prompts: ['-- what?', 'two\nlines'],
    maxNewTokens: 5,
    temperature: 0.5,
    topK: 3,
    topP: 0.9,
  },
  'reference.perplexity': { checkpoint: '/a', dataset: '/d', limit: 7 },
  'npus.record': { periodS: 30 },
  'hub.download': {
    kind: 'model',
    repository: 'owner/name',
    include: ['*.json', 'a/**'],
    endpoint: 'https://mirror.example',
    output: '/models/name',
  },
}

describe('the command line of a task', () => {
  it.each(Object.keys(taskSpecs) as TaskName[])('is understood by awb: %s', async (name) => {
    const words = taskCommand(name, specs[name])
    const program = buildProgram({ exitCode: 0 })
    const seen: { operands: string[]; options: Record<string, unknown> }[] = []
    const leaf = words.slice(
      0,
      words.findIndex((word) => word.startsWith('-')),
    )
    let command = program
    for (const part of leaf) command = command.commands.find((candidate) => candidate.name() === part) ?? command
    expect(command).not.toBe(program)
    command.exitOverride().action((...all: unknown[]) => {
      seen.push({ operands: command.args, options: all.at(-2) as Record<string, unknown> })
    })
    await program.parseAsync(words, { from: 'user' })
    expect(seen).toHaveLength(1)
    expect(seen).toMatchSnapshot()
  })
})

describe('an exported script', () => {
  it('runs the tasks with their very arguments', () => {
    const body = planScript(plan({ steps: [task('one', 'checkpoint.convert', specs['checkpoint.convert'])] }))
    expect(isClean(body)).toBe(true)
    expect(run(body).status).toBe(0)
    expect(readFileSync(join(folder, 'arguments'), 'utf8').split('\0')).toEqual([
      ...taskCommand('checkpoint.convert', specs['checkpoint.convert']),
      '',
    ])
  })

  it('writes its files first, byte by byte', () => {
    const path = join(folder, "new folder/it's.yaml")
    const content = `a: 'b'\n$HOME \`id\`\\\n\n`
    const body = planScript(
      plan({ files: [{ path, content, nodes: 'first' }], steps: [script('one', `cat "${path}"`)] }),
    )
    expect(isClean(body)).toBe(true)
    expect(run(body).stdout).toBe(content)
  })

  it('goes on after a step that exits, and ends with the first that fails', () => {
    const body = planScript(
      plan({
        steps: [script('one', 'echo one; exit 0'), script('two', 'echo two; exit 5'), script('three', 'echo three')],
      }),
    )
    const { status, stdout } = run(body)
    expect(stdout).toBe('one\ntwo\n')
    expect(status).toBe(5)
  })

  it('is clean whatever the texts hold, and comments run nothing', () => {
    const evil = `x\ntouch ${join(folder, 'evil')}\r$(touch ${join(folder, 'evil')})`
    const body = planScript(
      plan({
        title: text(evil),
        findings: [{ level: 'warning', code: 'x', text: text(evil) }],
        steps: [{ ...script('one', `cat <<'EOF'\nheredoc 'inside'\nEOF`), title: text(evil) }],
      }),
    )
    expect(isClean(body)).toBe(true)
    expect(run(body).stdout).toBe("heredoc 'inside'\n")
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })

  it('leaves nothing behind in the temporary folder', () => {
    const body = planScript(plan({ steps: [script('one', 'dirname "$0"')] }))
    const { stdout } = run(body)
    expect(existsSync(stdout.trim())).toBe(false)
  })
})
