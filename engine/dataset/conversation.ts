/** One message; `observation` is the result of a tool, `function` a call of one. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'observation' | 'function'
  readonly content: string
}

/** What a row says: messages in turns, starting at the user's side and ending before the answers. */
export interface Conversation {
  /** Empty for none. */
  readonly system: string
  /** Descriptions of tools as JSON, as the data holds them; empty for none. */
  readonly tools: string
  readonly prompt: readonly Turn[]
  /** One answer, or the chosen one and the rejected one. */
  readonly answers: readonly Turn[]
}
