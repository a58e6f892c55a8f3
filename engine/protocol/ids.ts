import { z } from 'zod'

const id = <B extends string>(brand: B) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, `${brand} may hold letters, digits, dots, dashes and underscores`)

/** Ids are file and row names too, hence the narrow alphabet. */
export const HostId = id('HostId').brand<'HostId'>()
export type HostId = z.infer<typeof HostId>
export const JobId = id('JobId').brand<'JobId'>()
export type JobId = z.infer<typeof JobId>
export const RunId = id('RunId').brand<'RunId'>()
export type RunId = z.infer<typeof RunId>
export const ArtifactId = id('ArtifactId').brand<'ArtifactId'>()
export type ArtifactId = z.infer<typeof ArtifactId>
export const ChatId = id('ChatId').brand<'ChatId'>()
export type ChatId = z.infer<typeof ChatId>

/** This computer is always present as a host. */
export const LOCAL_HOST = HostId.parse('local')
