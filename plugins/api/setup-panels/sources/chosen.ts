import { cleanPath, joinPath } from '../../paths.ts'
import type { HostFacts } from '#engine/protocol/host.ts'
import type { SourceValues } from './source-form.ts'
import type { Source, SourceFamily, SourceStack } from './source-family.ts'

/** Where one repository comes from and where it lies afterwards. */
export interface ChosenSource extends Source {
  /** Its own folder. */
  readonly path: string
}

/** What a filled form asks for, with every default of the guide in its place. */
export interface ChosenSetup {
  readonly stack: SourceStack
  /** Holds the folders of the repositories. */
  readonly folder: string
  readonly sources: readonly ChosenSource[]
  readonly packages: readonly string[]
  /** Empty for an installation from the network. */
  readonly bundles: string
  /** Folders that pip looks into before the index. */
  readonly wheels: readonly string[]
  readonly pythonVersion: string
  /** The folder of a venv. */
  readonly venv: string
}

/** A line of the form that names a repository; null where it is none. */
export function parseSource(line: string): { name: string; url: string; revision: string } | null {
  const [name = '', url = '', revision = '', ...rest] = line.trim().split(/\s+/)
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
  const isUrl = /^(https?:\/\/|ssh:\/\/|git:\/\/|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:|\/)\S*$/.test(url)
  const isRevision = /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(revision) && !revision.includes('..')
  return rest.length === 0 && isName && isUrl && isRevision ? { name, url, revision } : null
}

/** The values of a form as a setup. `facts` gives the places that are not set. */
export function chosenSetup(family: SourceFamily, values: SourceValues, facts: HostFacts): ChosenSetup {
  const stack = family[values.stack]
  if (stack === undefined) throw new Error(`no framework ${values.stack}`)
  const fromHome = (path: string): string => cleanPath(path.replace(/^~(?=\/|$)/, facts.dirs.home))
  const folder =
    values.folder === '' ? joinPath(facts.dirs.workspace, 'sources', stack.folder) : fromHome(values.folder)
  const guide = stack.sources.map(({ name, url, revision }) => `${name} ${url} ${revision}`)
  const own = stackValues(values)
  const sources = merged(guide, own.sources, (line) => line.split(/\s+/)[0] ?? '').flatMap((line): ChosenSource[] => {
    const parsed = parseSource(line)
    if (!parsed) return []
    const known = stack.sources.find(({ name }) => name === parsed.name)
    return [{ ...known, ...parsed, path: joinPath(folder, parsed.name) }]
  })
  const bundles = values.origin === 'offline' ? fromHome(values.bundles) : ''
  const wheels = bundles === '' ? [fromHome(values.wheels)] : [bundles, joinPath(bundles, 'wheels')]
  return {
    stack,
    folder,
    sources,
    packages: merged(stack.packages, own.packages, packageName),
    bundles,
    wheels: wheels.filter((path) => path !== ''),
    pythonVersion: values.pythonVersion === '' ? stack.python : values.pythonVersion,
    venv: joinPath(folder, values.environment),
  }
}

/** `torch_npu` of `torch_npu==2.1.0.*`; the path of a wheel as it is. */
const packageName = (line: string): string =>
  line.startsWith('/') ? line : (/^[A-Za-z0-9._-]+/.exec(line)?.[0] ?? line)

/** What the guide says, with own lines in the place of those of the same name; `-NAME` takes one away. */
function merged(guide: readonly string[], own: readonly string[], nameOf: (line: string) => string): string[] {
  const lines = own.map((line) => line.trim()).filter((line) => line !== '')
  const dropped = new Set(lines.flatMap((line) => (line.startsWith('-') ? [line.slice(1)] : [])))
  const added = lines.filter((line) => !line.startsWith('-'))
  const others = new Set(added.map(nameOf))
  const names = new Set(guide.map(nameOf))
  const kept = guide.flatMap((line) => {
    const name = nameOf(line)
    if (dropped.has(name)) return []
    return others.has(name) ? added.filter((one) => nameOf(one) === name) : [line]
  })
  return [...kept, ...added.filter((line) => !names.has(nameOf(line)))]
}

/** The fields of the framework that is chosen. */
export function stackValues(values: SourceValues): { sources: readonly string[]; packages: readonly string[] } {
  if (values.stack === 'mindspeed') return { sources: values.mindspeedSources, packages: values.mindspeedPackages }
  if (values.stack === 'modellink') return { sources: values.modellinkSources, packages: values.modellinkPackages }
  return { sources: values.mindformersSources, packages: values.mindformersPackages }
}
