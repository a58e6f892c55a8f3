import { afterEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '#engine/protocol/index.ts'
import { allCommands, registerCommand, runCommand } from '@/shell/commands.ts'
import { announce, announcement, dismiss, notifications } from '@/shell/notifications.ts'

describe('commands', () => {
  afterEach(() => {
    for (const { id } of [...notifications()]) dismiss(id)
  })

  it('run by their id while they are registered and enabled', async () => {
    const run = vi.fn()
    let isEnabled = true
    const command = registerCommand({ id: 'a', title: () => 'A', run, isEnabled: () => isEnabled })
    await runCommand('a')
    isEnabled = false
    await runCommand('a')
    command[Symbol.dispose]()
    isEnabled = true
    await runCommand('a')
    expect(run).toHaveBeenCalledOnce()
  })

  it('give way to a later one of the same id, and come back', async () => {
    const [first, second] = [vi.fn(), vi.fn()]
    using _first = registerCommand({ id: 'b', title: () => 'first', run: first })
    const later = registerCommand({ id: 'b', title: () => 'second', run: second })
    await runCommand('b')
    later[Symbol.dispose]()
    await runCommand('b')
    expect(second).toHaveBeenCalledOnce()
    expect(first).toHaveBeenCalledOnce()
    expect(allCommands().filter(({ id }) => id === 'b')).toHaveLength(1)
  })

  it('show a failure with its cause under their own name', async () => {
    using _command = registerCommand({
      id: 'c',
      title: () => 'Convert',
      run: () => Promise.reject(new AppError('file.missing', { path: '/data' })),
    })
    await runCommand('c')
    expect(notifications()).toMatchObject([
      { level: 'error', title: 'Convert', text: '/data does not exist. Check the path.' },
    ])
  })
})

describe('announce', () => {
  it('speaks without showing anything', () => {
    announce('Run 1 succeeded')
    expect(announcement.value).toBe('Run 1 succeeded')
    expect(notifications()).toEqual([])
  })
})
