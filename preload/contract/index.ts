import { app, files, settings } from './app.ts'
import { artifacts, datasets } from './artifacts.ts'
import { chats } from './chats.ts'
import { deploy } from './deploy.ts'
import { doctor } from './doctor.ts'
import { families, plugins } from './families.ts'
import { forwards } from './forwards.ts'
import { engines, hosts } from './hosts.ts'
import { npus } from './npus.ts'
import { questions, vault } from './questions.ts'
import { rankTables } from './rank-tables.ts'
import { plans, runs } from './runs.ts'
import { snippets } from './snippets.ts'
import { terminals } from './terminals.ts'
import { contents, transfers } from './transfers.ts'

export * from './app.ts'
export * from './artifacts.ts'
export * from './chats.ts'
export * from './deploy.ts'
export * from './doctor.ts'
export * from './families.ts'
export * from './forwards.ts'
export * from './host-book.ts'
export * from './hosts.ts'
export * from './npus.ts'
export * from './questions.ts'
export * from './rank-tables.ts'
export * from './runs.ts'
export * from './snippets.ts'
export * from './terminals.ts'
export * from './transfers.ts'

/** Everything the page may ask of main. */
export const contract = {
  app,
  artifacts,
  chats,
  contents,
  datasets,
  deploy,
  doctor,
  engines,
  families,
  files,
  forwards,
  hosts,
  npus,
  plans,
  plugins,
  questions,
  rankTables,
  runs,
  settings,
  snippets,
  terminals,
  transfers,
  vault,
}
export type Contract = typeof contract
