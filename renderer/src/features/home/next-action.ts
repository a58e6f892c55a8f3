import type { HostView, RunView } from '#contract/index.ts'
import { openRun } from '@/features/runs/index.ts'
import type { Tour } from '@/features/tour/index.ts'
import { t, text } from '@/i18n/index.ts'
import { runCommand } from '@/shell/commands.ts'

export interface NextAction {
  readonly sentence: string
  readonly action: string
  readonly run: () => unknown
}

interface Situation {
  readonly host: HostView | undefined
  /** The newest first. */
  readonly runs: readonly RunView[]
  readonly tour: Tour
  readonly hasFamilies: boolean
}

const DID_NOT_SUCCEED: readonly RunView['state'][] = ['failed', 'lost']

/** The one thing to do now: look after the host, a run that goes or went wrong, the tour, then own work. */
export function nextAction({ host, runs, tour, hasFamilies }: Situation): NextAction {
  if (host && host.engine.state !== 'ready') {
    const state = t(`ui.status.${host.engine.state}`)
    return {
      sentence: t('home.next.engine', { host: text(host.name), state }),
      action: t('home.next.engineAction'),
      run: () => runCommand('hosts.open'),
    }
  }
  const waiting = runs.find(({ state }) => state === 'restart')
  if (waiting) {
    return {
      sentence: t('home.next.restart', { number: waiting.number, title: text(waiting.title) }),
      action: t('home.next.failedAction', { number: waiting.number }),
      run: () => openRun(waiting.id),
    }
  }
  const going = runs.find(({ state }) => state === 'running' || state === 'stopping')
  if (going) {
    return {
      sentence: t('home.next.running', { number: going.number, title: text(going.title) }),
      action: t('home.next.runningAction', { number: going.number }),
      run: () => openRun(going.id),
    }
  }
  const last = runs[0]
  if (last && DID_NOT_SUCCEED.includes(last.state)) {
    return {
      sentence: t('home.next.failed', { number: last.number, title: text(last.title) }),
      action: t('home.next.failedAction', { number: last.number }),
      run: () => openRun(last.id),
    }
  }
  const next = tour.obstacle.value === null ? tour.next.value : undefined
  if (next) {
    const title = text(next.step.title)
    const isFirst = next === tour.steps.value[0]
    return {
      sentence: isFirst ? t('home.next.tourFirst', { count: tour.steps.value.length }) : t('home.next.tour', { title }),
      action: next.step.kind === 'chat' ? t('home.next.chatAction', { title }) : t('home.next.tourAction', { title }),
      run: () => tour.run(next.step),
    }
  }
  if (!hasFamilies) {
    return {
      sentence: t('home.next.noFamily'),
      action: t('home.next.noFamilyAction'),
      run: () => runCommand('plugins.open'),
    }
  }
  return {
    sentence: t('home.next.work'),
    action: t('home.next.workAction'),
    run: () => runCommand('families.open'),
  }
}
