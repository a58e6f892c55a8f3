import { z } from 'zod'
import { HostId, Timestamp } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

const about = {
  id: z.string(),
  /** Whom it is about; null for the vault. */
  host: HostId.nullable(),
  hostName: z.string(),
  askedAt: Timestamp,
}

const hidden = {
  user: z.string(),
  /** The last answer was not right. */
  wasWrong: z.boolean(),
  /** Whether it can be kept; false where there is no key store and no vault. */
  canRemember: z.boolean(),
}

/** What only the user can answer. It waits until it is answered, dismissed, or no longer needed. */
export const Question = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hostKey'),
    ...about,
    address: z.string(),
    keyType: z.string(),
    fingerprint: z.string(),
    /** The address is covered by a certificate authority, which is not asked here. */
    hasAuthority: z.boolean(),
  }),
  z.object({ kind: z.literal('password'), ...about, ...hidden, address: z.string() }),
  z.object({ kind: z.literal('proxyPassword'), ...about, ...hidden, address: z.string() }),
  z.object({ kind: z.literal('passphrase'), ...about, ...hidden, path: z.string() }),
  z.object({
    kind: z.literal('keyboard'),
    ...about,
    user: z.string(),
    /** As sent by the server: shown as plain text, never trusted. */
    title: z.string(),
    instructions: z.string(),
    prompts: z.array(z.object({ text: z.string(), isShown: z.boolean() })),
    canRemember: z.boolean(),
  }),
  z.object({ kind: z.literal('vault'), ...about, wasWrong: z.boolean() }),
])
export type Question = z.infer<typeof Question>

/** `texts` answers the prompts in their order; a host key takes none. */
export const Answer = z.object({ texts: z.array(z.string().max(4096)).max(20), remember: z.boolean().default(false) })
export type Answer = z.infer<typeof Answer>

export const questions = topic('questions', {
  watch: state(
    z.object({}),
    z.array(Question),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('asked'), question: Question }),
      z.object({ kind: z.literal('closed'), id: z.string() }),
    ]),
  ),
  /** False when nobody waits for it any more. */
  answer: call(z.object({ id: z.string(), answer: Answer }), z.object({ taken: z.boolean() })),
  dismiss: call(z.object({ id: z.string() }), z.object({ taken: z.boolean() })),
})

export const VaultView = z.object({
  /** `system`: the key store of the system is used, there is no vault to open. */
  kind: z.enum(['system', 'missing', 'locked', 'unlocked']),
  /** Why the key store of the system is not used. */
  reason: z.string().optional(),
})
export type VaultView = z.infer<typeof VaultView>

const passphrase = z.string().max(4096)

export const vault = topic('vault', {
  watch: state(z.object({}), VaultView, VaultView),
  create: call(z.object({ passphrase }), z.object({})),
  unlock: call(z.object({ passphrase }), z.object({})),
  lock: call(z.object({}), z.object({})),
  changePassphrase: call(z.object({ from: passphrase, to: passphrase }), z.object({})),
})
