import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { Text, Timestamp } from './text.ts'

export const DoctorVerdict = z.enum(['ok', 'note', 'warning', 'error', 'unknown'])
export type DoctorVerdict = z.infer<typeof DoctorVerdict>

export const DoctorGroup = z.enum(['system', 'npu', 'cann', 'containers', 'python', 'network'])
export type DoctorGroup = z.infer<typeof DoctorGroup>

/** One thing that was looked at. `unknown` means that it could not be told, not that it is wrong. */
export const DoctorItem = z.object({
  id: z.string(),
  group: DoctorGroup,
  title: Text,
  verdict: DoctorVerdict,
  /** What was found, short. */
  value: z.string(),
  /** Why the verdict is not `ok`, and what to do. */
  reason: Text.optional(),
  remedy: Text.optional(),
  /** The command that shows it, to be typed by a person. */
  command: z.string(),
})
export type DoctorItem = z.infer<typeof DoctorItem>

export const DoctorReport = z.object({
  at: Timestamp,
  hostname: z.string(),
  /** Looked at from inside this container; null on the host itself. */
  container: z.string().nullable(),
  items: z.array(DoctorItem),
})
export type DoctorReport = z.infer<typeof DoctorReport>

export const doctor = topic('doctor', {
  /** Looks only; changes nothing. Takes seconds. */
  check: call(
    z.object({
      container: z
        .string()
        .regex(/^[A-Za-z0-9][\w.-]*$/)
        .nullable()
        .default(null),
    }),
    DoctorReport,
  ),
  /** Names of the containers that run; empty where docker does not answer. */
  containers: call(z.object({}), z.array(z.string())),
})
