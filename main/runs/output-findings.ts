import { AppError } from '#engine/protocol/errors/index.ts'
import { files } from '#engine/protocol/host.ts'
import type { ArtifactSpec, Finding, Plan } from '#engine/protocol/plan.ts'
import type { Connection } from '#engine/rpc/connect.ts'

type FilesClient = ReturnType<typeof filesOf>
const filesOf = (connection: Connection) => connection.topic(files)

/** Says of each output where something lies already that has to be new, and where the disk has no room for it. */
export async function checkOutputs(connection: Connection, plan: Plan): Promise<Finding[]> {
  const said = new Set(plan.findings.map(({ code, field }) => `${code} ${field}`))
  const findings = await Promise.all(plan.outputs.map((output) => checkOutput(connection, output)))
  return findings.flat().filter(({ code, field }) => !said.has(`${code} ${field}`))
}

async function checkOutput(connection: Connection, output: ArtifactSpec): Promise<Finding[]> {
  const { path, bytes, field } = output
  if (output.isNew !== true || field === undefined) return []
  try {
    const topic = filesOf(connection)
    if (output.kind === 'dataset') return (await isWritten(topic, path)) ? [written(path, field)] : []
    const stat = await topic.stat({ path })
    const isVacant = stat === null || (stat.kind === 'folder' && (await topic.list({ path })).entries.length === 0)
    if (!isVacant) return [occupied(path, field)]
    if (bytes === undefined) return []
    const { freeBytes } = await topic.disk({ path })
    return freeBytes < bytes ? [tooLarge(bytes, freeBytes, field)] : []
  } catch (error) {
    // What cannot be looked at now is told by the step that meets it.
    if (error instanceof AppError && error.code !== 'rpc.closed') return []
    throw error
  }
}

/** A dataset is files that start with its path, or one of that name; a folder of that name is no obstacle. */
async function isWritten(topic: FilesClient, path: string): Promise<boolean> {
  const [passport, file] = await Promise.all([topic.stat({ path: `${path}.awb-passport.json` }), topic.stat({ path })])
  return passport !== null || file?.kind === 'file'
}

const written = (path: string, field: string): Finding => ({
  level: 'error',
  code: 'output.exists',
  text: {
    en: `The dataset ${path} is there already. Choose another name, or remove its files.`,
    'zh-CN': `数据集 ${path} 已存在。请选择其他名称，或先删除其文件。`,
  },
  field,
})

const occupied = (path: string, field: string): Finding => ({
  level: 'error',
  code: 'output.exists',
  text: {
    en: `${path} is there already and not empty. Choose another folder, or remove it.`,
    'zh-CN': `${path} 已存在且非空。请选择其他目录，或先将其删除。`,
  },
  field,
})

function tooLarge(bytes: number, freeBytes: number, field: string): Finding {
  const gib = (value: number) => (value / 1024 ** 3).toFixed(1)
  const [needed, free, missing] = [gib(bytes), gib(freeBytes), gib(bytes - freeBytes)]
  return {
    level: 'error',
    code: 'output.space',
    text: {
      en: `Needs ${needed} GiB, ${free} GiB are free: ${missing} GiB are missing.`,
      'zh-CN': `需要 ${needed} GiB，剩余 ${free} GiB，还缺 ${missing} GiB。`,
    },
    field,
  }
}
