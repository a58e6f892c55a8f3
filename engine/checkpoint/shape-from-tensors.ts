import { dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { FamilyDefinition, FamilyLayout, FamilyRule, Trait } from '../protocol/family.ts'
import type { ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import type { FamilyCatalog } from './layouts/families/catalog.ts'
import { assumedNumbers } from './problems.ts'

/** What a model has or has not, told by the names of its tensors. */
type Flags = Pick<ModelShape, 'tiedEmbeddings' | 'qkvBias'> & { oBias: boolean; downBias: boolean }

/**
 * The numbers of a model whose MindSpore file comes without a configuration: the family is the one with these names,
 * sizes come from the shapes, and the rest is what is usual in the family.
 *
 * @throws AppError `mindspore.namesUnknown`; `file.missing` naming config.json where the usual head does not fit
 */
export function shapeFromTensors(
  path: string,
  stored: readonly { readonly name: string; readonly shape: readonly number[] }[],
  families: FamilyCatalog,
): { model: ModelShape; findings: Finding[] } {
  const shapes = new Map(stored.map(({ name, shape }) => [name, shape]))
  const { family, layout, flags } = familyOf(path, shapes, families)
  const rows = (part: string): number => partRows(layout, part, flags, shapes)
  const columns = (part: string): number => shapes.get(nameOf(layout, part, flags))?.[1] ?? 0
  const { headDim, maxPositions, ropeTheta, normEpsilon } = family.usual
  const [queries, keys] = [columns('o'), rows('k')]
  if (queries % headDim !== 0 || keys % headDim !== 0 || keys === 0 || queries % keys !== 0) {
    throw new AppError('file.missing', { path: join(dirname(path), 'config.json') })
  }
  const model: ModelShape = {
    family: family.id,
    layers: countLayers(layout, flags, shapes),
    hidden: columns('embedding'),
    ffn: rows('gate'),
    heads: queries / headDim,
    kvGroups: keys / headDim,
    headDim,
    vocab: rows('embedding'),
    maxPositions,
    ropeTheta,
    normEpsilon,
    tiedEmbeddings: flags.tiedEmbeddings,
    qkvBias: flags.qkvBias,
    ...(flags.oBias ? { oBias: true } : {}),
    ...(flags.downBias ? { downBias: true } : {}),
  }
  return { model, findings: [assumedNumbers(path, 'head size, positions, rope_theta, rms_norm_eps')] }
}

interface Match {
  readonly family: FamilyDefinition
  readonly layout: FamilyLayout
  readonly flags: Flags
}

/** The family whose tensors of the first layer are exactly these; models as they are published go first. */
function familyOf(path: string, shapes: ReadonlyMap<string, readonly number[]>, families: FamilyCatalog): Match {
  const candidates = families.all.flatMap((family): Match[] => {
    const layout = family.layouts.mindspore
    return layout === undefined ? [] : [{ family, layout, flags: flagsOf(layout, shapes) }]
  })
  const fits = candidates.filter(({ family, layout, flags }) => {
    const { qkvBias, oBias, downBias } = family.config
    const traits: [Trait, boolean][] = [
      [qkvBias, flags.qkvBias],
      [oBias, flags.oBias],
      [downBias, flags.downBias],
    ]
    if (traits.some(([trait, found]) => typeof trait === 'boolean' && trait !== found)) return false
    return firstNames(layout, flags).every((name) => shapes.has(name))
  })
  const usual = fits.find(
    ({ family, flags }) =>
      isUsual(family.config.qkvBias, flags.qkvBias) &&
      isUsual(family.config.oBias, flags.oBias) &&
      isUsual(family.config.downBias, flags.downBias),
  )
  const found = usual ?? fits[0]
  if (found !== undefined) return found
  const [first] = candidates
  const tensor = first === undefined ? '' : firstNames(first.layout, first.flags).find((name) => !shapes.has(name))
  throw new AppError('mindspore.namesUnknown', { file: path, tensor: tensor ?? '' })
}

const isUsual = (trait: Trait, found: boolean): boolean => typeof trait === 'boolean' || trait.default === found

function flagsOf(layout: FamilyLayout, shapes: ReadonlyMap<string, readonly number[]>): Flags {
  const rules = [...layout.head, ...layout.layer, ...layout.tail]
  const has = (part: string): boolean =>
    rules.some((rule) => rule.parts.includes(part) && shapes.has(rule.name.replace('{layer}', '0')))
  return {
    tiedEmbeddings: !has('output'),
    qkvBias: has('q.bias'),
    oBias: has('o.bias'),
    downBias: has('down.bias'),
  }
}

function applies({ when }: FamilyRule, flags: Flags): boolean {
  if (when === undefined) return true
  return when === 'untied' ? !flags.tiedEmbeddings : flags[when]
}

const rulesOf = (layout: FamilyLayout, flags: Flags): FamilyRule[] =>
  [...layout.head, ...layout.layer, ...layout.tail].filter((rule) => applies(rule, flags))

const firstNames = (layout: FamilyLayout, flags: Flags): string[] =>
  rulesOf(layout, flags).map(({ name }) => name.replace('{layer}', '0'))

const ruleOf = (layout: FamilyLayout, part: string, flags: Flags): FamilyRule | undefined =>
  rulesOf(layout, flags).find(({ parts }) => parts.includes(part))

const nameOf = (layout: FamilyLayout, part: string, flags: Flags): string =>
  ruleOf(layout, part, flags)?.name.replace('{layer}', '0') ?? ''

/** Parts that are as high as each other; a stack of several kinds is told apart by the kinds that stand alone. */
const sameHeight = [['q'], ['k', 'v'], ['gate', 'up']]

function partRows(
  layout: FamilyLayout,
  part: string,
  flags: Flags,
  shapes: ReadonlyMap<string, readonly number[]>,
): number {
  const rule = ruleOf(layout, part, flags)
  const kind = sameHeight.find((parts) => parts.includes(part)) ?? [part]
  let rows = shapes.get(rule?.name.replace('{layer}', '0') ?? '')?.[0] ?? 0
  const others = rule?.parts.filter((other) => !kind.includes(other)) ?? []
  // What the queries take is as much as the columns of the attention's output.
  for (const other of others) rows -= other === 'q' ? (shapes.get(nameOf(layout, 'o', flags))?.[1] ?? 0) : rows
  return rows / (rule?.parts.filter((other) => kind.includes(other)).length ?? 1)
}

function countLayers(layout: FamilyLayout, flags: Flags, shapes: ReadonlyMap<string, readonly number[]>): number {
  const pattern = ruleOf(layout, 'o', flags)?.name ?? ''
  let layers = 0
  while (shapes.has(pattern.replace('{layer}', String(layers)))) layers++
  return layers
}
