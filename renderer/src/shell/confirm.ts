import { shallowRef } from 'vue'

export interface ConfirmQuestion {
  readonly title: string
  /** Names what will be lost. */
  readonly text: string
  /** The verb on the button. */
  readonly action: string
  readonly isDestructive?: boolean
}

export const pendingQuestion = shallowRef<(ConfirmQuestion & { answer: (isConfirmed: boolean) => void }) | null>(null)

/** Asks in a dialog; closing it in any way but the button means no. */
export function confirm(question: ConfirmQuestion): Promise<boolean> {
  pendingQuestion.value?.answer(false)
  return new Promise((resolve) => {
    pendingQuestion.value = {
      ...question,
      answer: (isConfirmed) => {
        pendingQuestion.value = null
        resolve(isConfirmed)
      },
    }
  })
}
