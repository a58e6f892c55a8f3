import type { Command } from 'commander'
import { describeError } from '../../protocol/errors/index.ts'
import type { FamilyInfo } from '../../protocol/families.ts'
import { addCommand, examples, pathAt, type Outcome } from '../options.ts'

const origins: Record<FamilyInfo['origin'], readonly [en: string, zh: string]> = {
  shipped: ['comes with awb', '随 awb 提供'],
  plugin: ['from a plugin', '来自插件'],
  command: ['added here', '在本机添加'],
}

/** `awb family …`: whose checkpoints this host can read and write. */
export function addFamilyCommands(program: Command, outcome: Outcome): void {
  const family = program.command('family').description('model families whose checkpoints can be read and written here')
  addCommand(
    family,
    outcome,
    'list',
    'the families that are known, and the definitions that are not valid',
    (command) => command,
    async (session) => {
      const { listFamilies } = await import('../../checkpoint/layouts/families/installed.ts')
      const list = await listFamilies()
      session.result(list, () => [
        ...list.families.map(({ id, layouts, origin, architectures }) => {
          return `${id}  ${layouts.join(', ')}  ${architectures.join(', ')}  (${session.text(...origins[origin])})`
        }),
        ...list.refused.map(({ id, error }) => `${id}: ${describeError(error, session.locale)}`),
      ])
    },
  )
  addCommand(
    family,
    outcome,
    'add <file>',
    'add a family, or replace it: a JSON file that says how its checkpoints look',
    (command) => examples(command, 'awb family add ./my-family.json'),
    async (session, args) => {
      const { addFamily } = await import('../../checkpoint/layouts/families/installed.ts')
      const added = await addFamily(pathAt(session, args, 0))
      session.result(added, () => [session.text(`added ${added.id}`, `已添加 ${added.id}`)])
    },
  )
  addCommand(
    family,
    outcome,
    'remove <id>',
    'forget a family that was added',
    (command) => command,
    async (session, args) => {
      const { removeFamily } = await import('../../checkpoint/layouts/families/installed.ts')
      const id = args[0] ?? ''
      await removeFamily(id)
      session.result({ removed: id }, () => [session.text(`removed ${id}`, `已移除 ${id}`)])
    },
  )
}
