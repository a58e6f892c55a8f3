import knowledge from '../../../../resources/knowledge/ascend-versions.json' with { type: 'json' }
import { z } from 'zod'
import type { DoctorItem } from '../../../protocol/doctor.ts'
import { note, ok, text, warning, type Named } from '../item.ts'
import type { Probe } from '../probe.ts'
import { compareVersions } from '../version-order.ts'
import type { Versions } from './versions.ts'

const PACKAGES = [
  'torch',
  'torch_npu',
  'mindspore',
  'mindformers',
  'mindspeed',
  'mindspeed_llm',
  'transformers',
] as const
type Package = (typeof PACKAGES)[number]

/** Asks Python for the versions of packages without importing them, which would take seconds. */
const SCRIPT = `import json, sys
from importlib import metadata
found = {}
for name in ${JSON.stringify(PACKAGES)}:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps({"python": sys.version.split()[0], "packages": found}))`

const Answer = z.object({ python: z.string(), packages: z.partialRecord(z.enum(PACKAGES), z.string()) })

/** Python, the frameworks that it has, and whether they go with each other and with CANN. */
export async function checkPython(probe: Probe, versions: Versions): Promise<DoctorItem[]> {
  const named: Named = {
    id: 'python',
    group: 'python',
    title: text('Python', 'Python'),
    command: probe.typed('python3', '--version'),
  }
  const { text: printed } = await probe.run('python3', '-c', SCRIPT)
  const answer = Answer.safeParse(parseJson(printed))
  if (!answer.success) {
    return [note(named, '–', text('python3 is not on the PATH of this session.', '当前会话的 PATH 中没有 python3。'))]
  }
  const { python, packages } = answer.data
  const items = [ok(named, python)]
  for (const name of PACKAGES) {
    const version = packages[name]
    if (version !== undefined) items.push(checkPackage(probe, name, version, packages, versions))
  }
  return items
}

function parseJson(printed: string): unknown {
  try {
    return JSON.parse(printed.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}

type Packages = Partial<Record<Package, string>>

function checkPackage(
  probe: Probe,
  name: Package,
  version: string,
  packages: Packages,
  versions: Versions,
): DoctorItem {
  const named: Named = {
    id: name,
    group: 'python',
    title: text(name, name),
    command: probe.typed('python3', '-m', 'pip', 'show', name),
  }
  if (name === 'torch_npu') return checkTorchNpu(named, version, packages.torch, versions.cann)
  if (name === 'mindformers') return checkMindFormers(named, version, packages.mindspore, versions)
  return ok(named, version)
}

/** TorchNPU follows PyTorch's number, and each of its versions was made for one CANN. */
function checkTorchNpu(named: Named, version: string, torch: string | undefined, cann: string | null): DoctorItem {
  const base = baseOf(version)
  if (torch !== undefined && baseOf(torch) !== base) {
    return warning(
      named,
      version,
      text(`It needs torch ${base}; torch ${torch} is installed.`, `需要 torch ${base}，当前为 ${torch}。`),
      text(`pip install torch==${base}`, `pip install torch==${base}`),
    )
  }
  const made = knowledge.torchNpu.find(({ versions }) => versions.includes(version))
  if (made === undefined || cann === null || isSame(made.cann, cann)) return ok(named, version)
  const isOlder = compareVersions(cann, made.cann) < 0
  const reason = text(
    `It was made for CANN ${made.cann}; ${cann} is installed.`,
    `其对应 CANN ${made.cann}，当前为 ${cann}。`,
  )
  return isOlder ? warning(named, version, reason) : note(named, version, reason)
}

function checkMindFormers(
  named: Named,
  version: string,
  mindspore: string | undefined,
  { cann, driver }: Versions,
): DoctorItem {
  const row = knowledge.mindFormers.find(({ mindformers }) => mindformers === version)
  if (row === undefined) return ok(named, version)
  const misses: string[] = []
  if (mindspore !== undefined && baseOf(mindspore) !== row.mindspore)
    misses.push(`MindSpore ${row.mindspore} (${mindspore})`)
  if (cann !== null && compareVersions(cann, row.cann) < 0) misses.push(`CANN ${row.cann} (${cann})`)
  if (driver !== null && compareVersions(driver, row.driver) < 0) misses.push(`driver ${row.driver} (${driver})`)
  if (misses.length === 0) return ok(named, version)
  const list = misses.join(', ')
  return warning(named, version, text(`It was made for ${list}.`, `其对应版本（括号内为当前）：${list}。`))
}

/** `2.1.0.post6`, `2.1.0+cpu`, `2.6.0rc1` → the number itself. */
const baseOf = (version: string): string => /^\d+(?:\.\d+)*/.exec(version)?.[0] ?? version

/** 8.0.0 and 8.0.0.beta1 are one release. */
const isSame = (a: string, b: string): boolean => b.toLowerCase().startsWith(a.toLowerCase())
