import { templateChoices as choicesOf } from '#plugin-api'

/** Prompt templates of the family; training, chat and data have to use the same. */
export const templates = ['llama2', 'default', 'alpaca', 'empty'] as const

export const templateChoices = choicesOf(templates)
