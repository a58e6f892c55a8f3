import type { DeployUsage, InstalledEngines } from '#contract/index.ts'

/** What a row of either table shows. What is not known yet is undefined. */
export interface VersionRow {
  /** Name of an engine, path of a Node. */
  readonly key: string
  readonly bytes: number | undefined
  readonly installedAt: number | undefined
}

export interface EngineRow extends VersionRow {
  /** The one that this workbench brings. */
  readonly isOwn: boolean
  /** Taken at the next start. */
  readonly isChosen: boolean
  readonly jobs: number | undefined
  readonly terminals: number | undefined
}

export interface NodeRow extends VersionRow {
  /** Null when it does not start. */
  readonly version: string | null
  /** The engine runs on it. */
  readonly isChosen: boolean
  /** Name of one that was brought; null for one of the host. */
  readonly brought: string | null
  readonly programs: number | undefined
}

/** The engine that the next start takes: the one that was chosen, as long as it is there, else the workbench's own. */
export const chosenEngine = ({ engines, current, pinned }: InstalledEngines): string =>
  pinned !== null && engines.includes(pinned) ? pinned : current

/** The newest installation first, as far as it is known. */
export function engineRows(installed: InstalledEngines, usage: DeployUsage | null): EngineRow[] {
  const chosen = chosenEngine(installed)
  return installed.engines
    .map((name) => {
      const used = usage?.engines.find((engine) => engine.name === name)
      return {
        key: name,
        isOwn: name === installed.current,
        isChosen: name === chosen,
        jobs: used?.jobs,
        terminals: used?.terminals,
        bytes: used?.bytes,
        installedAt: used?.installedAt,
      }
    })
    .sort((a, b) => (b.installedAt ?? 0) - (a.installedAt ?? 0))
}

/** Each Node of the host, also those that were brought and do not start. */
export function nodeRows(installed: InstalledEngines, usage: DeployUsage | null): NodeRow[] {
  const pathOf = (name: string) => `${installed.dir}/runtime/${name}/bin/node`
  const brought = new Map((usage?.runtimes ?? []).map((runtime) => [pathOf(runtime.name), runtime]))
  const row = (path: string, version: string | null): NodeRow => {
    const runtime = brought.get(path)
    return {
      key: path,
      version,
      isChosen: path === installed.node,
      brought: runtime?.name ?? null,
      programs: runtime?.programs,
      bytes: runtime?.bytes,
      installedAt: runtime?.installedAt,
    }
  }
  const starting = new Set(installed.nodes.map(({ path }) => path))
  return [
    ...installed.nodes.map(({ path, version }) => row(path, version)),
    ...[...brought.keys()].filter((path) => !starting.has(path)).map((path) => row(path, null)),
  ]
}
