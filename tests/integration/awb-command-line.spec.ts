import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EngineProcess, scriptJob, TestHome, until } from './support/engine-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const entry = join(root, 'engine', 'cli.ts')

interface Answer {
  code: number | null
  out: string
  err: string
}

interface Settings {
  env?: Record<string, string>
  cwd?: string
  during?: (child: ChildProcess, soFar: () => string) => Promise<void>
}

async function run(
  program: string,
  args: string[],
  { env = {}, cwd = tmpdir(), during }: Settings = {},
): Promise<Answer> {
  const { INIT_CWD: _npm, LC_ALL: _all, ...inherited } = process.env
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited, LANG: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const closed = once(child, 'close')
  await during?.(child, () => out)
  await closed
  return { code: child.exitCode, out, err }
}

const awb = (args: string[], settings?: Settings) => run(process.execPath, [entry, ...args], settings)

describe('awb', () => {
  let folder: string
  let model: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'awb-cli-'))
    model = join(folder, 'model')
    expect(await awb(['checkpoint', 'create', model])).toMatchObject({ code: 0 })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('tells version, help and examples', async () => {
    expect(await awb(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    })
    const help = await awb(['checkpoint', 'convert', '--help'])
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(help.out).toContain('--tp <size>')
    expect(help.out).toContain('$ awb checkpoint convert ./llama-2-7b-hf')
  })

  it('answers 2 to a command line that is wrong, and names what is wrong', async () => {
    const cases: [string[], string][] = [
      [['frobnicate'], "unknown command 'frobnicate'"],
      [['checkpoint', 'convert', 'a'], '--to'],
      [['checkpoint', 'convert', 'a', '--to', 'hf'], "missing required argument 'output'"],
      [['checkpoint', 'convert', 'a', 'b', '--to', 'mcore', '--tp', '0'], '--tp'],
      [['checkpoint', 'convert', 'a', 'b', '--to', 'hf', '--tp', '2'], '--tp'],
      [['train', 'a', 'b', 'c', '--learning-rate', 'fast'], '--learning-rate'],
      [['train', 'a', 'b', 'c', '--lora-targets', 'q,x'], '--lora-targets'],
      [['train', 'a', 'b', 'c', '--learning-rate', '0'], 'learningRate'],
    ]
    for (const [args, reason] of cases) {
      const { code, out, err } = await awb(args)
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' })
      expect(err).toContain(reason)
    }
  })

  it('answers 1 to what fails, with the reason for people and for programs', async () => {
    const missing = join(folder, 'nothing')
    const plain = await awb(['checkpoint', 'inspect', missing])
    expect(plain).toEqual({ code: 1, out: '', err: `awb: ${missing} does not exist. Check the path.\n` })
    const json = await awb(['checkpoint', 'inspect', missing, '--json'])
    expect(json.code).toBe(1)
    const { error } = JSON.parse(json.out) as { error: unknown }
    expect(error).toEqual({
      code: 'file.missing',
      params: { path: missing },
      message: `${missing} does not exist. Check the path.`,
    })
  })

  it('speaks the language of the terminal, or the one that is asked for', async () => {
    const missing = join(folder, 'nothing')
    const chinese = await awb(['checkpoint', 'inspect', missing], { env: { LANG: 'zh_CN.UTF-8' } })
    expect(chinese.err).toContain('不存在')
    const asked = await awb(['checkpoint', 'inspect', missing, '--lang', 'zh-CN', '--json'])
    expect(asked.out).toContain('不存在')
  })

  it('prints one JSON value for programs, whatever else there is to say', async () => {
    const output = join(folder, 'mcore')
    const convert = await awb(['checkpoint', 'convert', model, output, '--to', 'mcore', '--tp', '2', '--json'])
    expect(convert.code).toBe(0)
    expect(JSON.parse(convert.out)).toBeTypeOf('object')
    const inspect = await awb(['checkpoint', 'inspect', output, '--json'])
    expect(JSON.parse(inspect.out)).toMatchObject({ layout: 'mcore', tp: 2, pp: 1 })
    expect(JSON.parse((await awb(['facts', '--json'])).out)).toMatchObject({ platform: process.platform })
  })

  it('takes paths from where the user stands, also through npm', async () => {
    const work = join(folder, 'work')
    mkdirSync(work)
    symlinkSync(model, join(work, 'here'))
    expect(await awb(['checkpoint', 'inspect', 'here'], { cwd: work })).toMatchObject({ code: 0 })
    expect(await awb(['checkpoint', 'inspect', 'here'], { cwd: root, env: { INIT_CWD: work } })).toMatchObject({
      code: 0,
    })
    expect((await awb(['checkpoint', 'inspect', 'here'])).err).toContain(join(tmpdir(), 'here'))
  })

  it('ends with 130 on Ctrl-C and leaves no half output', async () => {
    const prefix = join(folder, 'data', 'alpaca')
    const rows = join(root, 'resources', 'sample', 'dataset', 'alpaca-sample.json')
    expect(await awb(['dataset', 'preprocess', rows, prefix, '--tokenizer', model])).toMatchObject({ code: 0 })
    const trained = join(folder, 'trained')
    const args = [
      'train',
      model,
      prefix,
      trained,
      '--steps',
      '100000',
      '--batch-size',
      '1',
      '--save-interval',
      '100000',
    ]
    const answer = await awb(args, {
      during: async (child, soFar) => {
        await until('it trains', () => soFar().includes('iteration'))
        child.kill('SIGINT')
      },
    })
    expect(answer.code).toBe(130)
    expect(answer.err).toContain('Cancelled.')
    expect(existsSync(trained)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([])
  })

  it('shows, follows and stops the jobs of a running engine', async () => {
    using home = new TestHome()
    const env = { AWB_HOME: home.path }
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('counting', 'for i in $(seq 1 20); do echo $i; sleep 0.02; done'))
    const numbers = Array.from({ length: 20 }, (_, index) => `${index + 1}\n`).join('')
    expect(await awb(['job', 'log', 'counting', '--follow'], { env })).toEqual({ code: 0, out: numbers, err: '' })
    const journal = await awb(['job', 'log', 'counting', '--journal'], { env })
    const states = journal.out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { state: string }).state)
    expect(states).toEqual(['starting', 'running', 'succeeded'])
    await engine.jobs.submit(scriptJob('endless', 'sleep 600'))
    await until('it runs', () => home.read('endless', 'pid') !== '')
    expect((await awb(['job', 'stop', 'endless', '--grace', '1'], { env })).out).toMatch(/^endless +stopped/)
    expect((await awb(['job', 'list'], { env })).out).toMatch(/^endless +stopped.*\ncounting +succeeded/)
    expect(JSON.parse((await awb(['job', 'show', 'endless', '--json'], { env })).out)).toMatchObject({
      signal: 'SIGTERM',
    })
    expect(await awb(['job', 'show', 'unknown'], { env })).toMatchObject({ code: 1 })
  })
})

describe('the engine over its standard streams', () => {
  it('ends when its input closes, and lets jobs go on', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('a', 'sleep 1; echo done'))
    await until('it runs', () => home.read('a', 'pid') !== '')
    const exited = once(engine.child, 'exit')
    engine.child.stdin?.end()
    expect(await exited).toEqual([0, null])
    await until('the job has ended', () => home.read('a', 'exit') === '0\n')
    expect(home.read('a', 'output.log')).toBe('done\n')
  })

  it('ignores a message that is not for it, and answers the next one', async () => {
    using home = new TestHome()
    writeFileSync(join(home.path, 'marker'), '')
    await using engine = new EngineProcess(home.path)
    const bytes = JSON.stringify({ jsonrpc: '2.0', method: 'future.event', params: {} })
    engine.child.stdin?.write(`Content-Length: ${bytes.length}\r\n\r\n${bytes}`)
    expect(await engine.jobs.list({})).toEqual([])
  })
})
