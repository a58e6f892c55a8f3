import { datasetsMessages } from '../features/artifacts/dataset/messages.ts'
import { artifactsMessages } from '../features/artifacts/messages.ts'
import { chatMessages } from '../features/chat/messages.ts'
import { familiesMessages } from '../features/families/messages.ts'
import { homeMessages } from '../features/home/messages.ts'
import { hostEngineMessages } from '../features/host/engine/messages.ts'
import { hostFilesMessages } from '../features/host/files/messages.ts'
import { hostForwardsMessages } from '../features/host/forwards/messages.ts'
import { hostMessages } from '../features/host/messages.ts'
import { hostsMessages } from '../features/hosts/messages.ts'
import { pluginsMessages } from '../features/plugins/messages.ts'
import { questionsMessages } from '../features/questions/messages.ts'
import { rankTablesMessages } from '../features/rank-tables/messages.ts'
import { runsMessages } from '../features/runs/messages.ts'
import { settingsMessages } from '../features/settings/messages.ts'
import { tourMessages } from '../features/tour/messages.ts'
import { formsMessages } from '../forms/messages.ts'
import { shellMessages } from '../shell/messages.ts'
import { uiMessages } from '../ui/messages.ts'

/** The texts of the page by feature, in both languages. */
const features = {
  artifacts: artifactsMessages,
  chat: chatMessages,
  datasets: datasetsMessages,
  families: familiesMessages,
  forms: formsMessages,
  home: homeMessages,
  host: hostMessages,
  hostEngine: hostEngineMessages,
  hostFiles: hostFilesMessages,
  hostForwards: hostForwardsMessages,
  hosts: hostsMessages,
  plugins: pluginsMessages,
  questions: questionsMessages,
  rankTables: rankTablesMessages,
  runs: runsMessages,
  settings: settingsMessages,
  shell: shellMessages,
  tour: tourMessages,
  ui: uiMessages,
} as const

type Features = typeof features

/** Texts of one language by feature. */
export const messagesOf = <L extends 'en' | 'zh-CN'>(locale: L) =>
  Object.fromEntries(Object.entries(features).map(([name, texts]) => [name, texts[locale]])) as {
    [F in keyof Features]: Features[F][L]
  }

type Leaves<T> = T extends string
  ? never
  : { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string]

/** Every key: `feature.name` or deeper. */
export type MessageKey = { [F in keyof Features & string]: `${F}.${Leaves<Features[F]['en']>}` }[keyof Features &
  string]
