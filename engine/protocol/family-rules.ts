import type { FamilyConfig, FamilyDefinition, FamilyLayout, FamilyRule } from './family.ts'

/** What is wrong with a definition, and where. */
export interface FamilyFault {
  readonly path: string[]
  readonly message: string
}

type Section = 'head' | 'layer' | 'tail'
type Flag = 'untied' | 'qkvBias' | 'oBias' | 'downBias'

interface PartKind {
  readonly where: 'model' | 'layer'
  /** What the columns count; vectors have none. Only parts of one width can be stacked. */
  readonly width: 'hidden' | 'queries' | 'ffn' | 'vector'
  /** There only where the model has it. */
  readonly when?: Flag
}

const matrix = (width: PartKind['width']): PartKind => ({ where: 'layer', width })
const bias = (when: Flag): PartKind => ({ where: 'layer', width: 'vector', when })

/** The canonical tensors (see `checkpoint/layouts/description.ts`). */
const parts: Readonly<Record<string, PartKind>> = {
  embedding: { where: 'model', width: 'hidden' },
  finalNorm: { where: 'model', width: 'vector' },
  output: { where: 'model', width: 'hidden', when: 'untied' },
  inputNorm: matrix('vector'),
  postNorm: matrix('vector'),
  q: matrix('hidden'),
  k: matrix('hidden'),
  v: matrix('hidden'),
  o: matrix('queries'),
  gate: matrix('hidden'),
  up: matrix('hidden'),
  down: matrix('ffn'),
  'q.bias': bias('qkvBias'),
  'k.bias': bias('qkvBias'),
  'v.bias': bias('qkvBias'),
  'o.bias': bias('oBias'),
  'down.bias': bias('downBias'),
}

const groupedParts = new Set(['q', 'k', 'v', 'q.bias', 'k.bias', 'v.bias'])
/** So many layers that their numbers have one and two digits. */
const SAMPLE_LAYERS = 12

export function familyFaults({ config, layouts }: FamilyDefinition): FamilyFault[] {
  const faults = configFaults(config)
  faults.push(...layoutFaults(layouts.hf, config, ['layouts', 'hf']))
  if (layouts.mindspore !== undefined) faults.push(...layoutFaults(layouts.mindspore, config, ['layouts', 'mindspore']))
  return faults
}

/** Two numbers cannot stand in one field. */
function configFaults(config: FamilyConfig): FamilyFault[] {
  const owners = new Map<string, string>()
  const faults: FamilyFault[] = []
  for (const [key, place] of Object.entries(config)) {
    if (place === undefined || typeof place === 'boolean' || typeof place.default === 'boolean') continue
    for (const field of place.fields) {
      const other = owners.get(field)
      if (other !== undefined) faults.push({ path: ['config', key], message: `${field} is ${other} already` })
      owners.set(field, key)
    }
  }
  return faults
}

function layoutFaults(layout: FamilyLayout, config: FamilyConfig, path: string[]): FamilyFault[] {
  const faults: FamilyFault[] = []
  for (const section of ['head', 'layer', 'tail'] as const) {
    layout[section].forEach((rule, index) => {
      const message = ruleFault(rule, section)
      if (message !== undefined) faults.push({ path: [...path, section, String(index)], message })
    })
  }
  if (faults.length > 0) return faults
  for (const flags of combinations(config)) {
    const message = coverageFault(layout, flags)
    if (message !== undefined) return [{ path, message }]
  }
  return []
}

function ruleFault({ name, parts: names, pieces }: FamilyRule, section: Section): string | undefined {
  const isLayer = section === 'layer'
  if (name.includes('{layer}') !== isLayer) return isLayer ? `${name} has no {layer}` : `${name} is in no layer`
  const kinds = names.map((part) => (Object.hasOwn(parts, part) ? parts[part] : undefined))
  const unknown = kinds.findIndex((kind) => kind === undefined || (kind.where === 'layer') !== isLayer)
  if (unknown >= 0) return `${names[unknown] ?? ''} is no tensor of ${isLayer ? 'a layer' : 'the model'}`
  if (new Set(kinds.map((kind) => kind?.width)).size > 1) return `${names.join(', ')} are not equally wide`
  if (pieces === 'kvGroups' && names.some((part) => !groupedParts.has(part))) {
    return `${names.join(', ')} cannot take turns by groups of heads`
  }
  return undefined
}

/** All that models of the family may have: a trait that is fixed has one value. */
function combinations(config: FamilyConfig): ReadonlySet<Flag>[] {
  const traits: [Flag, boolean[]][] = [
    ['untied', values(config.tiedEmbeddings).map((tied) => !tied)],
    ['qkvBias', values(config.qkvBias)],
    ['oBias', values(config.oBias)],
    ['downBias', values(config.downBias)],
  ]
  return traits.reduce<Set<Flag>[]>(
    (sets, [flag, choices]) => sets.flatMap((set) => choices.map((has) => new Set(has ? [...set, flag] : set))),
    [new Set()],
  )
}

const values = (trait: FamilyConfig['qkvBias']): boolean[] => (typeof trait === 'boolean' ? [trait] : [true, false])

/** Each tensor of a model with these flags is in one rule, and each name stands for one tensor. */
function coverageFault(layout: FamilyLayout, flags: ReadonlySet<Flag>): string | undefined {
  const applies = ({ when }: FamilyRule): boolean => when === undefined || flags.has(when)
  const rules = {
    head: layout.head.filter(applies),
    layer: layout.layer.filter(applies),
    tail: layout.tail.filter(applies),
  }
  const found = new Map<string, number>()
  for (const part of Object.values(rules).flatMap((section) => section.flatMap((rule) => rule.parts))) {
    found.set(part, (found.get(part) ?? 0) + 1)
  }
  const model = [...flags].join(', ') || 'no extras'
  for (const [part, { when }] of Object.entries(parts)) {
    const expected = when === undefined || flags.has(when) ? 1 : 0
    const count = found.get(part) ?? 0
    if (count !== expected) return `of a model with ${model}, ${part} is in ${count} rules, not in ${expected}`
  }
  const names = new Set<string>()
  const layers = Array.from({ length: SAMPLE_LAYERS }, (_, layer) =>
    rules.layer.map(({ name }) => name.replace('{layer}', String(layer))),
  )
  for (const name of [
    ...rules.head.map((rule) => rule.name),
    ...layers.flat(),
    ...rules.tail.map((rule) => rule.name),
  ]) {
    if (names.has(name)) return `the name ${name} is there twice`
    names.add(name)
  }
  return undefined
}
