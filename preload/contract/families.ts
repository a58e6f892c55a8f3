import { z } from 'zod'
import { CodedError, Manifest, Text } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

export const PluginView = z.object({
  id: z.string(),
  version: z.string(),
  name: Text,
  description: Text,
  origin: z.enum(['builtin', 'installed']),
  state: z.enum(['loading', 'ready', 'disabled', 'failed']),
  error: CodedError.optional(),
  capabilities: z.array(z.string()),
  /** Sha256 of the archive it was loaded from. */
  digest: z.string(),
  contributes: z.object({ panels: z.number().int(), recipes: z.number().int(), tour: z.number().int() }),
})
export type PluginView = z.infer<typeof PluginView>

export const plugins = topic('plugins', {
  watch: state(z.object({}), z.array(PluginView), z.array(PluginView)),
  setEnabled: call(z.object({ id: z.string(), enabled: z.boolean() }), z.object({})),
})

/** A family as the page sees it: the plugin's manifest. */
export const FamilyView = Manifest
export type FamilyView = Manifest

export const families = topic('families', {
  watch: state(z.object({}), z.array(FamilyView), z.array(FamilyView)),
})
