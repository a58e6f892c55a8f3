import type { Plan, ScriptStep, TaskStep } from '#engine/protocol/plan.ts'
import { shellQuote } from '../links/shell-quote.ts'
import { taskCommand } from './task-command.ts'

/**
 * A plan as one bash script that runs without the workbench: files first, then the steps, ending at the first that
 * fails. Task steps become command lines of `awb` (another program can be named by the variable AWB), script steps
 * files of their own in a temporary folder, so that an `exit` in one does not end the others.
 */
export function planScript(plan: Plan): string {
  const head = ['#!/usr/bin/env bash', ...comment(plan.title.en)]
  for (const { level, text } of plan.findings) head.push(...comment(`${level}: ${text.en}`))
  const body = ['set -euo pipefail']
  if (plan.steps.some(({ kind }) => kind === 'task')) body.push('AWB=${AWB:-awb}')
  if (plan.steps.some(({ kind }) => kind === 'script')) {
    body.push('work=$(mktemp -d)', `trap 'rm -rf "$work"' EXIT`)
  }
  const files = plan.files.map(({ path, content }) => writeFile(path, content))
  const steps = plan.steps.map((step, index) =>
    [
      ...comment(`${index + 1}. ${step.title.en}`),
      ...(step.kind === 'task' ? taskLines(step) : scriptLines(step)),
    ].join('\n'),
  )
  return `${[head.join('\n'), body.join('\n'), ...files, ...steps].join('\n\n')}\n`
}

/** The command on the first line, then one argument per line, as people write long commands. */
function taskLines({ task, spec }: TaskStep): string[] {
  const words = taskCommand(task, spec)
  const firstOption = words.findIndex((word) => word.startsWith('-'))
  const command = ['"$AWB"', ...words.slice(0, firstOption)].join(' ')
  return [[command, ...words.slice(firstOption).map(shellQuote)].join(' \\\n  ')]
}

function scriptLines({ id, script, where, nodes }: ScriptStep): string[] {
  const file = `"$work"/${shellQuote(`${id}.sh`)}`
  const place = where === 'container' ? 'inside the container' : 'on the host'
  return [
    ...comment(`To be run ${place}, ${nodes === 'all' ? 'on every node' : 'on the first node'}.`),
    `printf '%s\\n' ${shellQuote(script)} >${file}`,
    `bash ${file}`,
  ]
}

function writeFile(path: string, content: string): string {
  const folder = path.slice(0, path.lastIndexOf('/')) || '/'
  return [`mkdir -p -- ${shellQuote(folder)}`, `printf '%s' ${shellQuote(content)} >${shellQuote(path)}`].join('\n')
}

/** Each line of a text as a comment; a text cannot get out of it. */
const comment = (text: string): string[] => text.split(/[\r\n]+/).map((line) => `# ${line}`)
