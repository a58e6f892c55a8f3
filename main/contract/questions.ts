import { questions as questionsContract, vault as vaultContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { Questions } from '../links/questions.ts'
import type { VaultDoor } from '../secrets/vault-door.ts'
import { source } from './source.ts'

export const questionsTopic = (questions: Questions): Service =>
  implement(questionsContract, {
    watch: () =>
      source(
        () => questions.list(),
        (emit) => questions.onChange(emit),
      ),
    answer: ({ id, answer }) => ({ taken: questions.answer(id, answer) }),
    dismiss: ({ id }) => ({ taken: questions.answer(id, null) }),
  })

export const vaultTopic = (door: VaultDoor): Service =>
  implement(vaultContract, {
    watch: () =>
      source(
        () => door.view(),
        (emit) => door.onChange(emit),
      ),
    create: async ({ passphrase }) => {
      await door.create(passphrase)
      return {}
    },
    unlock: async ({ passphrase }) => {
      await door.open(passphrase)
      return {}
    },
    lock: async () => {
      await door.lock()
      return {}
    },
    changePassphrase: async ({ from, to }) => {
      await door.changePassphrase(from, to)
      return {}
    },
  })
