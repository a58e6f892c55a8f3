import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'
import type { FormValues, HostFacts, Manifest, Plan, PlanFunction } from '#plugin-api'
import { factsForTest, inputForTest } from '#plugin-api/testing.ts'
import * as llama2 from '../../../../../plugins/llama2/src/index.ts'
import * as mistral from '../../../../../plugins/mistral/src/index.ts'
import * as qwen from '../../../../../plugins/qwen1.5/src/index.ts'
import * as telechat2 from '../../../../../plugins/telechat2/src/index.ts'

interface Script {
  readonly family: Manifest
  readonly [plan: string]: unknown
}

const families: Readonly<Record<string, Script>> = { llama2, 'qwen1.5': qwen, mistral, telechat2 }
export const familyIds = Object.keys(families)

/** A host with these NPU nodes. */
export const factsWith = (...numbers: readonly number[]): HostFacts =>
  factsForTest({ npus: numbers.map((number) => ({ name: `davinci${number}` })) })

export const eight = factsWith(0, 1, 2, 3, 4, 5, 6, 7)

/** The panels of the stage `setup`. */
export const setupPanels = (family: string) =>
  families[family]?.family.contributes.panels.filter(({ stage }) => stage === 'setup') ?? []

export function planOf(family: string, panel: string, values: FormValues = {}, facts: HostFacts = eight): Plan {
  const found = setupPanels(family).find(({ id }) => id === panel)
  const plan = families[family]?.[found?.plan ?? ''] as PlanFunction | undefined
  if (!plan) throw new Error(`${family} has no panel ${panel}`)
  return plan(inputForTest(values, { facts }))
}

export const codesOf = (plan: Plan): string[] =>
  plan.findings.map(({ level, code, field }) => `${level} ${code} @${field ?? ''}`)

/** The script of a step. Throws where the plan has none of this id. */
export function scriptOf(plan: Plan, id: string): string {
  const step = plan.steps.find((one) => one.id === id)
  if (step?.kind !== 'script') throw new Error(`no script ${id} among ${plan.steps.map((one) => one.id).join(', ')}`)
  return step.script
}

/** Every script of a plan has to be one that bash reads and shellcheck has nothing to say about. */
export function expectSoundScripts(plan: Plan): void {
  for (const step of plan.steps) {
    if (step.kind !== 'script') continue
    expect(spawnSync('bash', ['-n'], { input: step.script, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
    // SC2016 remarks that nothing expands in single quotes, which is why they are there.
    const checked = spawnSync('shellcheck', ['-s', 'bash', '-e', 'SC2016', '-'], {
      input: step.script,
      encoding: 'utf8',
    })
    expect(checked.stdout, step.id).toBe('')
    expect(checked.status).toBe(0)
  }
}
