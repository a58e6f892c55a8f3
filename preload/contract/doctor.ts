import { z } from 'zod'
import { DoctorReport, HostId } from '#engine/protocol/index.ts'
import { doctor as engineDoctor } from '#engine/protocol/doctor.ts'
import { call, topic } from '#engine/rpc/topic.ts'

export const doctor = topic('doctor', {
  /** The engine's examination, and the host's clock against the one here. */
  check: call(engineDoctor.members.check.input.extend({ host: HostId }), DoctorReport),
  /** Containers that run on a host, by name; empty where docker does not answer. */
  containers: call(z.object({ host: HostId }), z.array(z.string())),
})
