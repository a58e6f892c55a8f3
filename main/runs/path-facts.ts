import { AppError } from '#engine/protocol/errors/index.ts'
import { files } from '#engine/protocol/host.ts'
import type { FormValues, PanelForm } from '#engine/protocol/panel.ts'
import type { PathFacts } from '#engine/protocol/plan.ts'
import type { Connection } from '#engine/rpc/connect.ts'

/** What lies at the paths of a form's file and folder fields, by field name; null where nothing is. */
export async function pathFacts(
  connection: Connection,
  form: PanelForm,
  values: FormValues,
): Promise<Record<string, PathFacts | null>> {
  const named = Object.entries(form.hints).flatMap(([name, { widget }]): [string, string][] => {
    const path = values[name]
    const isPath = widget === 'file' || widget === 'folder'
    return isPath && typeof path === 'string' && path !== '' ? [[name, path]] : []
  })
  const found: Record<string, PathFacts | null> = {}
  const look = async ([name, path]: [string, string]) => {
    const facts = await lookAt(connection, path)
    if (facts !== undefined) found[name] = facts
  }
  await Promise.all(named.map(look))
  return found
}

/** Undefined where it cannot be told, as in a folder of somebody else: a plan says nothing of that. */
async function lookAt(connection: Connection, path: string): Promise<PathFacts | null | undefined> {
  const topic = connection.topic(files)
  try {
    const stat = await topic.stat({ path })
    if (stat === null) return null
    if (stat.kind !== 'folder') return { kind: 'file', names: [] }
    const { entries } = await topic.list({ path })
    return { kind: 'folder', names: entries.map(({ name }) => name) }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'rpc.closed') throw error
    return undefined
  }
}
