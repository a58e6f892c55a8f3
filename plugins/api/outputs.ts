import type { HostFacts } from '#engine/protocol/host.ts'
import type { Finding } from '#engine/protocol/plan.ts'
import { error, note } from './findings.ts'
import { cleanPath, isInside, joinPath } from './paths.ts'
import { text } from './text.ts'

interface Output {
  readonly path: string
  readonly findings: Finding[]
}

/** The output of a plan: the form's value, or a name of its own below the host's workspace. */
export function chooseOutput(field: string, given: string, facts: HostFacts, ...suggestion: string[]): Output {
  if (given !== '') return { path: cleanPath(given), findings: isAbsolute(given) ? [] : [relative(given, field)] }
  const path = joinPath(facts.dirs.workspace, ...suggestion)
  return { path, findings: [note('output.suggested', text(`Writes to ${path}.`, `将写入 ${path}。`), field)] }
}

/** From the root, from the home folder, or from a drive of Windows. */
const isAbsolute = (path: string): boolean => /^(\/|~(\/|$)|[A-Za-z]:[\\/]|\\\\)/.test(path)

/** Steps run in folders of their own, so that nobody would find what a relative path leads to. */
const relative = (path: string, field: string): Finding =>
  error(
    'output.relative',
    text(
      `${path} does not say where it starts. Write the whole path, from / or ~.`,
      `${path} 是相对路径，起点不明。请填写以 / 或 ~ 开头的完整路径。`,
    ),
    field,
  )

/** An output must not lie in the input: a rewritten folder would be its own source. */
export function checkApart(field: string, output: string, input: string): Finding[] {
  if (input === '' || !isInside(output, input)) return []
  return [
    error(
      'output.insideInput',
      text(
        `${output} lies in the input ${input}. Choose a folder outside of it.`,
        `${output} 位于输入 ${input} 之内。请选择其外的目录。`,
      ),
      field,
    ),
  ]
}

/** Free space of the workspace's disk against what the plan writes, where it writes there. */
export function checkSpace(field: string, output: string, bytes: number, facts: HostFacts): Finding[] {
  if (!isInside(output, facts.dirs.workspace) || bytes <= facts.workspaceFreeBytes) return []
  const gib = (value: number) => (value / 1024 ** 3).toFixed(1)
  const missing = gib(bytes - facts.workspaceFreeBytes)
  return [
    error(
      'output.space',
      text(
        `Needs ${gib(bytes)} GiB, ${gib(facts.workspaceFreeBytes)} GiB are free: ${missing} GiB are missing.`,
        `需要 ${gib(bytes)} GiB，剩余 ${gib(facts.workspaceFreeBytes)} GiB，还缺 ${missing} GiB。`,
      ),
      field,
    ),
  ]
}
