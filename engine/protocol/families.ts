import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { CodedError } from './errors/index.ts'
import { FamilyDefinition } from './family.ts'

/** Definitions beside the shipped ones; more than anybody has. */
export const MAX_FAMILIES = 64

/** A family whose checkpoints an engine can read and write. */
export const FamilyInfo = z.object({
  id: z.string(),
  architectures: z.array(z.string()),
  layouts: z.array(z.enum(['hf', 'mindspore', 'megatron'])),
  /** `plugin`: main sent it. `command`: somebody added it on the host. */
  origin: z.enum(['shipped', 'plugin', 'command']),
})
export type FamilyInfo = z.infer<typeof FamilyInfo>

/** Why a file in the engine's folder, or a definition that was sent, does not count. */
export const RefusedFamily = z.object({ id: z.string(), error: CodedError })
export type RefusedFamily = z.infer<typeof RefusedFamily>

const FamilyList = z.object({ families: z.array(FamilyInfo), refused: z.array(RefusedFamily) })
export type FamilyList = z.infer<typeof FamilyList>

export const familyDefinitions = topic('familyDefinitions', {
  list: call(z.object({}), FamilyList),
  /** Replaces all definitions that were sent before; kept on disk, so that jobs know them, too. */
  set: call(z.object({ definitions: z.array(FamilyDefinition).max(MAX_FAMILIES) }), FamilyList),
})
