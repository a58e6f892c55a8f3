import type { Question } from '#contract/index.ts'
import { computed } from 'vue'
import { notifyError } from '@/shell/notifications.ts'
import { useTopicState } from '@/workbench/topic-state.ts'
import { useWorkbench } from '@/workbench/index.ts'

/** The questions that wait for the user, the oldest first, and how they are answered. */
export function useQuestions() {
  const { questions } = useWorkbench()
  const state = useTopicState<Question[], { kind: 'asked'; question: Question } | { kind: 'closed'; id: string }>(
    (observer) => questions.watch({}, observer),
    (list, delta) => {
      const id = delta.kind === 'asked' ? delta.question.id : delta.id
      const others = list.filter((question) => question.id !== id)
      return delta.kind === 'asked' ? [...others, delta.question] : others
    },
  )
  const list = computed(() => (state.value.kind === 'ready' ? state.value.value : []))
  return {
    list,
    answer: (id: string, texts: string[], remember: boolean) =>
      questions.answer({ id, answer: { texts, remember } }).catch((error: unknown) => notifyError(error)),
    dismiss: (id: string) => questions.dismiss({ id }).catch((error: unknown) => notifyError(error)),
  }
}
