import { join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import type { CheckpointPassport, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { isFile } from './assets.ts'
import { assemble, type FileContent } from './assemble.ts'
import { embeddedAdapters, type EmbeddedAdapters } from './embedded-adapters.ts'
import type { RandomFile } from './formats/random-file.ts'
import { readConfig, shapeFromConfig } from './hf-config.ts'
import { assertDivisible } from './layouts/divisibility.ts'
import type { LayoutDescription } from './layouts/description.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { megatronLayouts, type MegatronLayout } from './layouts/megatron.ts'
import { evenStages, unevenStages, virtualStages, type PipelineChunk } from './layouts/pipeline.ts'
import { planEntries, type Placement } from './layouts/plan.ts'
import { assembleAdapters } from './lora/adapters.ts'
import { overlayAdapters, type LoraShards } from './lora/overlay.ts'
import { parallelArgs, shapeFromArgs, type ArgsNamespace } from './megatron-args.ts'
import { openShards, type OpenShard } from './megatron-shards.ts'
import type { OpenedParts } from './opened.ts'
import { adaptersOnly, unmergedAdapters } from './problems.ts'

export interface MegatronOptions {
  /** The padding of the vocabulary counts as vocabulary, so that its rows are carried along bit by bit. */
  readonly keepPadding?: boolean | undefined
  /** Adapters that lie over these weights: their shards win, and come back as `lora` of the result. */
  readonly lora?: { readonly iteration: string; readonly path: string; readonly targets: readonly string[] | undefined }
}

/** Opens the shards of a Megatron checkpoint of either layout; `files` is filled as they are opened. */
export async function openMegatron(
  iteration: string,
  passport: CheckpointPassport | null,
  assets: string,
  files: RandomFile[],
  options: MegatronOptions = {},
): Promise<OpenedParts> {
  const base = await openShards(iteration, files)
  const adapters = options.lora === undefined ? undefined : await openShards(options.lora.iteration, files)
  const grid = gridOf(iteration, base)
  const embedded = embeddedAdapters(base)
  const weights = embedded?.plain ?? base
  let opened: readonly OpenShard[] = weights
  let lora: LoraShards | undefined
  if (options.lora !== undefined && adapters !== undefined) {
    lora = overlayAdapters(
      { path: iteration, shards: weights, grid },
      { path: options.lora.path, shards: adapters, grid: gridOf(options.lora.path, adapters) },
      options.lora.targets,
    )
    opened = lora.merged
  }
  const { first, tp, pp, vpp, layout } = grid
  const description = megatronLayouts[layout]
  const storedVocab = storedVocabulary(opened, description)
  const { model: plain, findings } = await findShape(first, passport, assets, storedVocab)
  const model = options.keepPadding === true && storedVocab > 0 ? { ...plain, vocab: storedVocab } : plain
  const chunks = findChunks(model, first.args, pp, vpp)
  assertDivisible(model, tp, 1)
  const placement = { tp, chunks, vocab: storedVocab === 0 ? model.vocab : storedVocab }
  const contents = contentsOf(opened, description, model, placement)
  const { source, problems } = assemble(iteration, model, contents, description.ignored)
  return {
    layout,
    tp,
    pp,
    vpp,
    source,
    stored: (lora?.merged ?? base).flatMap((shard) => shard.chunks.flat()),
    problems: [...findings, ...withAdapters(problems, lora === undefined ? embedded : undefined, iteration)],
    assets,
    megatron: {
      iteration: (adapters?.[0] ?? first).iteration,
      trueVocab: plain.vocab,
      storedVocab: placement.vocab,
      loraArgs: adapters?.[0]?.args,
    },
    ...(lora === undefined ? {} : { adapters: assembleAdapters(lora, description, model, placement) }),
  }
}

/** Adapters that are not to be merged are worth a word; where they are all there is, that says it all. */
function withAdapters(problems: readonly Finding[], embedded: EmbeddedAdapters | undefined, path: string): Finding[] {
  if (embedded === undefined) return [...problems]
  const { modules, rank, hasWeights } = embedded
  if (hasWeights) return [unmergedAdapters(path, modules, rank), ...problems]
  return [adaptersOnly(path, modules, rank), ...problems.filter(({ code }) => code !== 'checkpoint.missing')]
}

/** What each shard holds, chunk by chunk, and what the layout expects in it. */
function contentsOf(
  shards: readonly OpenShard[],
  description: LayoutDescription,
  model: ModelShape,
  placement: Placement,
): FileContent[] {
  return placement.chunks.flatMap((chunk) =>
    shards
      .filter(({ shard }) => shard.stage === chunk.stage)
      .map(({ shard, chunks }): FileContent => {
        const expected = planEntries(description, model, placement, chunk, shard.rank)
        return { path: shard.path, expected, stored: chunks[chunk.chunk] ?? [] }
      }),
  )
}

/** How shards are laid out. */
export interface ShardGrid {
  readonly first: OpenShard
  readonly tp: number
  readonly pp: number
  readonly vpp: number
  readonly layout: MegatronLayout
}

function gridOf(path: string, shards: readonly OpenShard[]): ShardGrid {
  const [first] = shards
  if (first === undefined) throw new AppError('checkpoint.unrecognized', { path })
  return {
    first,
    tp: Math.max(...shards.map(({ shard }) => shard.rank)) + 1,
    pp: Math.max(...shards.map(({ shard }) => shard.stage)) + 1,
    vpp: first.chunks.length,
    layout: isLegacy(shards) ? 'legacy' : 'mcore',
  }
}

const isLegacy = (shards: readonly OpenShard[]): boolean =>
  shards.some(({ chunks }) => chunks.flat().some(({ name }) => name.startsWith('language_model/')))

/** 0 where no rank has an embedding; that is then reported as missing. */
function storedVocabulary(shards: readonly OpenShard[], { head }: LayoutDescription): number {
  const embeddings = shards.flatMap(({ chunks }) => chunks.flat().filter(({ name }) => name === head[0]?.name))
  return embeddings.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0)
}

async function findShape(
  first: OpenShard,
  passport: CheckpointPassport | null,
  assets: string,
  storedVocab: number,
): Promise<{ model: ModelShape; findings: Finding[] }> {
  if (passport !== null) return { model: passport.model, findings: [] }
  const configPath = join(assets, 'config.json')
  if (await isFile(configPath)) {
    return shapeFromConfig(await readConfig(configPath), configPath, await knownFamilies())
  }
  const found = shapeFromArgs(first.args, first.shard.path, storedVocab)
  const has = (pattern: RegExp): boolean => first.chunks.flat().some(({ name }) => pattern.test(name))
  const qkvBias = has(/\.(linear_qkv|query_key_value)\.bias$/)
  const oBias = has(/\.(linear_proj|dense)\.bias$/)
  // The arguments name no family; of those with these tensors only Qwen1.5 has biases here and not behind the attention.
  const family = qkvBias && !oBias ? 'qwen1.5' : 'llama2'
  return { ...found, model: { ...found.model, qkvBias, ...(oBias ? { oBias } : {}), family } }
}

function findChunks(model: ModelShape, args: ArgsNamespace, pp: number, vpp: number): PipelineChunk[] {
  const { layerList, perVirtualStage } = parallelArgs(args)
  if (vpp > 1) return virtualStages(model.layers, pp, perVirtualStage ?? Math.floor(model.layers / pp / vpp))
  if (layerList?.length === pp) return unevenStages(layerList)
  assertDivisible(model, 1, pp)
  return evenStages(model.layers, pp)
}
