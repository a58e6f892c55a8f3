import { describe, expect, it } from 'vitest'
import { appPath } from '#main/shells/electron/app-url.ts'
import { FrameTransport } from '#main/shells/electron/frame-transport.ts'

const ours = { isTopFrame: true, url: 'app://workbench/' }

function setUp() {
  const posted: string[] = []
  const got: unknown[] = []
  let closed = 0
  const transport = new FrameTransport(
    (text) => posted.push(text),
    (url) => appPath(url) !== null,
  )
  transport.onClose(() => closed++)
  return {
    transport,
    posted,
    got,
    listen: () => transport.onMessage((message) => got.push(message)),
    closed: () => closed,
  }
}

describe('frames of the page', () => {
  it('come through in order, those before the listener too', () => {
    const { transport, got, listen } = setUp()
    transport.receive(ours, '{"n":1}')
    listen()
    transport.receive(ours, '{"n":2}')
    expect(got).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('go out as text', () => {
    const { transport, posted } = setUp()
    transport.send({ text: '你好' })
    expect(posted).toEqual(['{"text":"你好"}'])
  })

  it.each([
    ['of a frame inside the page', { ...ours, isTopFrame: false }, '{}'],
    ['of another origin', { ...ours, url: 'https://evil.example/' }, '{}'],
    ['that are no text', ours, { n: 1 }],
    ['that are no JSON', ours, '{'],
    ['that are no message', ours, '7'],
    ['that are too long', ours, `"${'x'.repeat(4 * 1024 * 1024)}"`],
  ])('%s close the connection', (_what, sender, frame) => {
    const { transport, got, listen, closed, posted } = setUp()
    listen()
    expect(transport.receive(sender, frame)).toBe(false)
    expect(transport.receive(ours, '{"n":1}')).toBe(false)
    transport.send({})
    expect([got, posted, closed()]).toEqual([[], [], 1])
  })
})
