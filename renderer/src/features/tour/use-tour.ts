import type { FamilyView } from '#contract/index.ts'
import type { CodedError, HostId, TourStep } from '#engine/protocol/index.ts'
import { toCodedError } from '#engine/protocol/index.ts'
import { computed, type Ref, shallowReactive } from 'vue'
import { z } from 'zod'
import { openChat } from '@/features/chat/index.ts'
import { useCurrentHost } from '@/shell/current-host.ts'
import { remembered } from '@/shell/layout.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { useChats, useRuns } from '@/workbench/stores.ts'
import {
  fillText,
  fillValues,
  latestTour,
  needsSample,
  nextStep,
  nextTourNumber,
  tourId,
  tourPlaces,
  tourSteps,
  type TourState,
  type TourStepView,
} from './model.ts'

/** The walk that was begun last, per family and host: also before its first run exists. */
const Walks = z.record(z.string(), z.string())

/** Why no step can be started on the chosen host. */
export type TourObstacle = 'noFacts' | 'noSample' | null

/** The guided tour of a family on the chosen host; without a family there are no steps. */
export function useTour(family: Readonly<Ref<FamilyView | undefined>>) {
  const workbench = useWorkbench()
  const runs = useRuns()
  const chats = useChats()
  const current = useCurrentHost()
  const walks = remembered<Record<string, string>>('tours', Walks, {})
  const starting = shallowReactive(new Set<string>())
  const failures = shallowReactive(new Map<string, CodedError>())

  /** As runs name it; a plugin's id may differ from its family's. */
  const familyId = computed(() => family.value?.contributes.family.id ?? '')
  const tour = computed<readonly TourStep[]>(() => family.value?.contributes.tour ?? [])
  const key = computed(() => `${familyId.value}@${current.id}`)
  const runsHere = computed(() => runs.list.filter((run) => run.request.host === current.id))
  const id = computed(() => walks.value[key.value] ?? latestTour(familyId.value, runsHere.value))
  const facts = computed(() => current.host?.facts)
  const places = computed(() => (facts.value && id.value ? tourPlaces(facts.value, id.value) : undefined))

  /** What this page knows ahead of the runs: a start that is under way, or that was refused. */
  function momentary({ step, state }: TourStepView): TourState {
    if (starting.has(step.id)) return 'running'
    return failures.has(step.id) ? 'failed' : state
  }

  const steps = computed<TourStepView[]>(() =>
    tourSteps({
      family: familyId.value,
      tour: tour.value,
      id: id.value,
      places: places.value,
      runs: runsHere.value,
      chats: chats.list.filter(({ host }) => host === current.id),
    }).map((view) => ({ ...view, state: momentary(view) })),
  )
  const next = computed(() => nextStep(steps.value))
  const obstacle = computed<TourObstacle>(() => {
    if (!facts.value) return 'noFacts'
    return facts.value.dirs.sample === null && needsSample(tour.value) ? 'noSample' : null
  })

  /** A walk whose folder is not there yet, so that no step finds the output of an earlier walk. */
  async function beginWalk(host: HostId): Promise<string> {
    const known = facts.value ?? (await workbench.hosts.facts({ id: host }))
    let number = nextTourNumber(runs.list)
    while (await workbench.files.stat({ host, path: tourPlaces(known, tourId(number)).tour })) number++
    const begun = tourId(number)
    walks.value = { ...walks.value, [key.value]: begun }
    return begun
  }

  async function startPanel(step: Extract<TourStep, { kind: 'panel' }>, walk: string): Promise<void> {
    const host = current.id
    const known = facts.value ?? (await workbench.hosts.facts({ id: host }))
    await workbench.runs.start({
      family: familyId.value,
      panel: step.panel,
      host,
      values: fillValues(step.values, tourPlaces(known, walk)),
      origin: { tour: walk, step: step.id },
    })
  }

  /** Starts a step for real; a chat step opens the conversation instead. A failure is kept beside the step. */
  async function run(step: TourStep): Promise<void> {
    if (starting.has(step.id)) return
    failures.delete(step.id)
    starting.add(step.id)
    try {
      const walk = id.value ?? (await beginWalk(current.id))
      if (step.kind === 'panel') await startPanel(step, walk)
      else if (places.value) {
        const checkpoint = fillText(step.checkpoint, places.value)
        await openChat({ host: current.id, checkpoint, prompt: step.prompt })
      }
    } catch (error) {
      failures.set(step.id, toCodedError(error))
    } finally {
      starting.delete(step.id)
    }
  }

  /** Leaves the present walk with what it made, and begins a new one in another folder. */
  async function restart(): Promise<void> {
    failures.clear()
    await beginWalk(current.id)
  }

  return { id, places, steps, next, obstacle, failures, run, restart, host: computed(() => current.host) }
}

export type Tour = ReturnType<typeof useTour>
