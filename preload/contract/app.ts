import { z } from 'zod'
import { FileStat, FormValues, HostId, Locale } from '#engine/protocol/index.ts'
import { files as engineFiles } from '#engine/protocol/host.ts'
import { call, state, stream, topic } from '#engine/rpc/topic.ts'

const settingValues = {
  locale: z.union([Locale, z.literal('system')]),
  theme: z.enum(['light', 'dark', 'system']),
  /** Jobs go on when the workbench is closed; off stops them at closing. */
  keepJobsOnExit: z.boolean(),
}

export const Settings = z.object({
  locale: settingValues.locale.default('system'),
  theme: settingValues.theme.default('system'),
  keepJobsOnExit: settingValues.keepJobsOnExit.default(true),
})
export type Settings = z.infer<typeof Settings>

export const settings = topic('settings', {
  watch: state(z.object({}), Settings, Settings),
  /** What is not named stays; a partial of the schema with defaults would put it back to its default. */
  set: call(z.object(settingValues).partial(), Settings),
  /** Layout of the page (open tabs, drawer, sizes), opaque to main; null before the first save. */
  loadLayout: call(z.object({}), z.object({ layout: z.unknown() })),
  saveLayout: call(z.object({ layout: z.unknown() }), z.object({})),
  /** Values of a panel as last typed, per host. */
  loadForm: call(
    z.object({ family: z.string(), panel: z.string(), host: HostId }),
    z.object({ values: FormValues.nullable() }),
  ),
  saveForm: call(
    z.object({ family: z.string(), panel: z.string(), host: HostId, values: FormValues.nullable() }),
    z.object({}),
  ),
})

const host = z.object({ host: HostId })

export const files = topic('files', {
  stat: call(engineFiles.members.stat.input.extend(host.shape), FileStat.nullable()),
  list: call(engineFiles.members.list.input.extend(host.shape), engineFiles.members.list.output),
  read: call(engineFiles.members.read.input.extend(host.shape), engineFiles.members.read.output),
})

export const AppInfo = z.object({
  version: z.string(),
  shell: z.enum(['electron', 'browser']),
  platform: z.string(),
  dataDir: z.string(),
  logFile: z.string(),
  systemLocale: z.string(),
})
export type AppInfo = z.infer<typeof AppInfo>

export const LogLine = z.object({
  n: z.number().int().positive(),
  t: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  event: z.string(),
  fields: z.record(z.string(), z.unknown()),
})
export type LogLine = z.infer<typeof LogLine>

export const app = topic('app', {
  info: call(z.object({}), AppInfo),
  /** Opens a folder of this computer in the system's file manager; answers false where there is none. */
  openFolder: call(z.object({ path: z.string() }), z.object({ opened: z.boolean() })),
  /** The workbench's own log from a line number on; follows. */
  log: stream(z.object({ from: z.number().int().positive() }), z.array(LogLine)),
})
