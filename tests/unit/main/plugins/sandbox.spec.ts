import { afterEach, describe, expect, it } from 'vitest'
import { pluginLimits, type PluginLimits } from '#main/plugins/limits.ts'
import { PluginSandbox } from '#main/plugins/sandbox.ts'
import { pluginWorkerFile } from '#main/plugins/worker-file.ts'

const limits: PluginLimits = { ...pluginLimits, callMs: 500, graceMs: 500 }
const opened: PluginSandbox[] = []
const open = (script: string, over: Partial<PluginLimits> = {}) => {
  const sandbox = new PluginSandbox('test', script, { ...limits, ...over }, pluginWorkerFile())
  opened.push(sandbox)
  return sandbox
}
const body = (code: string) => `export const f = (input) => { ${code} }`
const codeOf = (sandbox: PluginSandbox, input: unknown = {}): Promise<string> =>
  sandbox.call('f', input).then(
    (answer) => `answered ${answer.slice(0, 80)}`,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  )

afterEach(() => {
  for (const sandbox of opened.splice(0)) sandbox[Symbol.dispose]()
})

describe('a sandbox', () => {
  it('takes JSON in and gives JSON out', async () => {
    const sandbox = open(body('return { got: input, n: [1, null, "中"] }'))
    expect(JSON.parse(await sandbox.call('f', { a: 1 }))).toEqual({ got: { a: 1 }, n: [1, null, '中'] })
  })

  it('remembers nothing between calls', async () => {
    const sandbox = open('let count = 0; globalThis.seen ??= 0; export const f = () => [++count, ++globalThis.seen]')
    expect(await sandbox.call('f', {})).toBe('[1,1]')
    expect(await sandbox.call('f', {})).toBe('[1,1]')
  })

  it('has no clock, no chance and nothing of the host', async () => {
    const names = [
      'Date',
      'performance',
      'process',
      'require',
      'fetch',
      'setTimeout',
      'console',
      'std',
      'os',
      'WebAssembly',
    ]
    const sandbox = open(body(`return [typeof Math.random, ...input.map((name) => typeof globalThis[name])]`))
    expect(JSON.parse(await sandbox.call('f', names))).toEqual(['undefined', ...names.map(() => 'undefined')])
  })

  it.each([
    ['import', `import fs from 'node:fs'; export const f = () => fs.readFileSync('/etc/passwd', 'utf8')`],
    ['dynamic import', body(`let got = 'nothing'; import('node:fs').then((fs) => { got = fs }); return missing(got)`)],
    ['Function', body(`return new Function('return process.env')()`)],
    ['constructor', body(`return input.constructor.constructor('return process')().mainModule`)],
  ])('gives no way out by %s', async (_what, script) => {
    expect(await codeOf(open(script))).toBe('plugin.threw')
  })

  it('answers many calls in order', async () => {
    const sandbox = open(body('return input.n * 2'))
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => sandbox.call('f', { n })))
    expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => String(n * 2)))
  })
})

describe('a hostile script', () => {
  const hostile: [string, string, string | RegExp][] = [
    ['an endless loop', body('for (;;);'), 'plugin.timeout'],
    ['an endless loop while loading', 'for (;;); export const f = () => 1', 'plugin.timeout'],
    ['a loop that catches', body('for (;;) { try { for (;;); } catch {} }'), 'plugin.timeout'],
    ['a loop in a getter of the answer', body('return { get a() { for (;;); } }'), 'plugin.timeout'],
    ['a loop in toJSON', body('return { toJSON() { for (;;); } }'), 'plugin.timeout'],
    ['a loop in a thrown getter', body('throw { get message() { for (;;); } }'), /plugin\.(timeout|threw)/],
    ['native code without end', body('[1].includes.call({ length: 2 ** 53 - 1 }, 5)'), 'plugin.timeout'],
    ['a sort without end', body('const a = []; a.length = 4294967295; a.sort()'), /plugin\.(timeout|memory)/],
    ['a catastrophic regex', body(`return /^(a+)+$/.test('a'.repeat(60) + 'b')`), 'plugin.timeout'],
    ['a memory bomb', body('const a = []; for (;;) a.push(new Array(1e5).fill(1))'), 'plugin.memory'],
    ['a bomb of buffers', body('const a = []; for (;;) a.push(new ArrayBuffer(1e6))'), 'plugin.memory'],
    ['a string that doubles', body(`let s = 'xx'; for (;;) s += s`), /plugin\.(memory|threw)/],
    ['a huge string', body(`return 'x'.repeat(2 ** 29)`), 'plugin.memory'],
    ['deep recursion', body('const g = () => g() + 1; return g()'), 'plugin.stack'],
    [
      'a deep value',
      body('let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a'),
      /plugin\.(stack|memory|timeout)/,
    ],
    ['a huge answer', body(`return 'x'.repeat(2e6)`), 'plugin.payload'],
    ['a throw', body(`throw new Error('no')`), 'plugin.threw'],
    ['a thrown nothing', body('throw undefined'), 'plugin.threw'],
    ['a thrown proxy', body(`throw new Proxy({}, { get() { throw 1 } })`), 'plugin.threw'],
    ['a syntax error', 'export const f = (', 'plugin.threw'],
    ['no such function', 'export const g = 1', 'plugin.invalidPlan'],
    ['a function as answer', body('return () => 1'), 'plugin.invalidPlan'],
    ['undefined as answer', body('return'), 'plugin.invalidPlan'],
    ['a symbol as answer', body('return Symbol.iterator'), 'plugin.invalidPlan'],
    ['a bigint as answer', body('return { n: 1n }'), 'plugin.threw'],
    ['a cycle as answer', body('const a = {}; a.a = a; return a'), 'plugin.threw'],
    ['replaced JSON', body('return 1').replace(/^/, 'JSON.parse = JSON.stringify = () => { throw 1 };'), 'answered 1'],
    [
      'a patched prototype',
      `Object.prototype.evil = 1; Array.prototype.toJSON = () => 7; ${body('return [input]')}`,
      'answered 7',
    ],
  ]

  it.each(hostile)('%s ends in an answer or a clear error', async (_what, script, expected) => {
    const started = performance.now()
    const sandbox = open(script)
    expect(await codeOf(sandbox)).toMatch(expected)
    expect(performance.now() - started).toBeLessThan(6000)
    expect(({} as { evil?: number }).evil).toBeUndefined()
  })

  it('does not disturb another plugin, and starts again', async () => {
    const bad = open(body('if (input.isBad) for (;;); return 1'))
    const good = open(body('return 2'))
    const [outcome, ...answers] = await Promise.all([
      codeOf(bad, { isBad: true }),
      codeOf(good),
      codeOf(good),
      codeOf(good),
    ])
    expect(outcome).toBe('plugin.timeout')
    expect(answers).toEqual(['answered 2', 'answered 2', 'answered 2'])
    expect(await codeOf(bad)).toBe('answered 1')
  })

  it('leaves the memory of the process alone', async () => {
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
    expect(await codeOf(open(body('const a = []; for (;;) a.push(new Array(1e5).fill(1))')))).toBe('plugin.memory')
    clearInterval(watch)
    expect(most - before).toBeLessThan(300 * 1024 * 1024)
  })

  it('is refused input that is too large', async () => {
    expect(await codeOf(open(body('return 1')), 'x'.repeat(1024 * 1024))).toBe('plugin.payload')
  })
})

describe('a worker that is gone', () => {
  it('is an error of the call, and the next call starts another', async () => {
    const sandbox = open(body('return 1'))
    expect(await codeOf(sandbox)).toBe('answered 1')
    sandbox[Symbol.dispose]()
    expect(await codeOf(sandbox)).toBe('plugin.stopped')
  })

  it('says when its file is not there', async () => {
    const sandbox = new PluginSandbox('test', '', limits, new URL('./none.js', import.meta.url))
    expect(await codeOf(sandbox)).toBe('plugin.stopped')
  })
})
