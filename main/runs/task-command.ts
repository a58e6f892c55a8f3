import {
  taskSpecs,
  type AlpacaColumns,
  type ShareGptColumns,
  type TaskName,
  type TaskSpec,
} from '#engine/protocol/tasks.ts'

type Option = string | number | boolean | readonly string[] | undefined

/** How each task reads on the command line of `awb`. */
const commands: { readonly [N in TaskName]: (spec: TaskSpec<N>) => string[] } = {
  'checkpoint.create': ({ definition, output }) =>
    command(['checkpoint', 'create'], { '--definition': definition }, [output]),
  'checkpoint.convert': ({ input, output, target, dtype, lora, strategy }) => {
    const options = {
      '--to': target.layout,
      ...parallelOptions(target),
      '--dtype': dtype,
      '--strategy': strategy,
      ...adapterOptions(lora),
    }
    return command(['checkpoint', 'convert'], options, [input, output])
  },
  'checkpoint.verify': ({ checkpoint, against, logits, listed, strategy, againstStrategy }) => {
    const options = {
      '--against': against,
      '--list': listed,
      '--strategy': strategy,
      '--against-strategy': againstStrategy,
      '--logits': logits !== undefined,
      '--tokens': logits && unless(32, logits.tokens),
      '--tolerance': logits?.tolerance,
    }
    const prompts = (logits?.prompts ?? []).map((prompt) => `--prompt=${prompt}`)
    return ['checkpoint', 'verify', ...prompts, ...command([], options, [checkpoint])]
  },
  'checkpoint.split': (spec) =>
    command(['checkpoint', 'split'], { ...sliceOptions(spec), '--source-strategy': spec.sourceStrategy }, [
      spec.input,
      spec.output,
    ]),
  'checkpoint.merge': (spec) => command(['checkpoint', 'merge'], sliceOptions(spec), [spec.input, spec.output]),
  'checkpoint.mergeLora': (spec) =>
    command(['checkpoint', 'merge-lora'], { '--scaling': spec.scaling, ...sliceOptions(spec) }, [
      spec.input,
      spec.output,
    ]),
  'dataset.preprocess': (spec) => {
    const options = {
      '--handler': spec.handler,
      '--tokenizer': spec.tokenizer,
      '--slow-tokenizer': spec.slowTokenizer,
      '--template': spec.chatTemplate === true ? 'tokenizer' : spec.template,
      '--seq-length': spec.seqLength,
      '--append-eod': spec.appendEod,
      '--pack': spec.pack,
      '--compat': spec.compat,
      '--workers': spec.workers,
      '--json-keys': spec.jsonKeys,
      '--max-rows': spec.maxRows,
      '--strict': spec.strict,
      ...(spec.handler.startsWith('sharegpt') ? messageOptions(spec.sharegpt) : columnOptions(spec.columns)),
    }
    return command(['dataset', 'preprocess'], options, [spec.input, spec.outputPrefix])
  },
  'dataset.mindrecord': (spec) => {
    const options = {
      '--handler': spec.handler,
      '--tokenizer': spec.tokenizer,
      '--merges': spec.merges,
      '--seq-length': spec.seqLength,
      '--shards': spec.shards,
      '--repeat': spec.repeat,
      '--seed': spec.seed,
      '--mode': spec.mode,
      ...Object.fromEntries(Object.entries(spec.tokens).map(([role, name]) => [`--${role}-token`, name])),
      '--strict': spec.strict,
    }
    return command(['mindrecord'], options, [spec.input, spec.output])
  },
  'dataset.conversations': ({ input, output, style }) =>
    command(['alpaca_converter.py'], { '--family': style, '--data_path': input, '--output_path': output }, []),
  'dataset.merge': ({ input, keys, outputPrefix }) =>
    command(['dataset', 'merge'], { '--keys': keys }, [input, outputPrefix]),
  'dataset.sample': ({ input, output, rows, seed, strict }) =>
    command(['dataset', 'sample'], { '--rows': rows, '--seed': seed, '--strict': strict }, [input, output]),
  'dataset.split': ({ input, outputPrefix, parts, seed, strict }) => {
    const shares = parts.map(({ name, share }) => `${name}=${share}`)
    return command(['dataset', 'split'], { '--parts': shares, '--seed': seed, '--strict': strict }, [
      input,
      outputPrefix,
    ])
  },
  'dataset.deduplicate': ({ input, output, columns, strict }) =>
    command(['dataset', 'deduplicate'], { '--columns': columns, '--strict': strict }, [input, output]),
  'hub.download': (spec) => {
    const options = {
      '--hub': spec.hub,
      '--revision': spec.revision,
      '--endpoint': spec.endpoint,
      '--include': unlessEmpty(spec.include),
      '--exclude': unlessEmpty(spec.exclude),
      '--proxy': spec.proxy,
      '--relay': spec.relay,
      '--parallel': unless(4, spec.parallel),
    }
    return command([spec.kind === 'model' ? 'checkpoint' : 'dataset', 'download'], options, [
      spec.repository,
      spec.output,
    ])
  },
  'npus.record': ({ periodS }) => command(['host', 'record'], { '--period': unless(60, periodS) }, []),
  'reference.train': (spec) => {
    const options = {
      '--method': spec.method,
      '--steps': spec.steps,
      '--batch-size': spec.batchSize,
      '--seq-length': spec.seqLength,
      '--learning-rate': spec.learningRate,
      '--min-learning-rate': spec.minLearningRate,
      '--warmup-steps': spec.warmupSteps,
      '--weight-decay': spec.weightDecay,
      '--beta1': unless(0.9, spec.beta1),
      '--beta2': unless(0.95, spec.beta2),
      '--epsilon': unless(1e-8, spec.epsilon),
      '--clip-grad': spec.clipGrad,
      '--seed': spec.seed,
      '--save-interval': spec.saveInterval,
      '--lora-rank': spec.lora?.rank,
      '--lora-alpha': spec.lora?.alpha,
      '--lora-targets': spec.lora?.targets,
    }
    return command(['train'], options, [spec.checkpoint, spec.dataset, spec.output])
  },
  'reference.generate': (spec) => {
    const options = {
      '--template': spec.template,
      '--max-new-tokens': spec.maxNewTokens,
      '--temperature': spec.temperature,
      '--top-k': spec.topK,
      '--top-p': spec.topP,
      '--seed': spec.seed,
    }
    return command(['generate'], options, [spec.checkpoint, ...spec.prompts])
  },
  'reference.perplexity': ({ checkpoint, dataset, limit }) =>
    command(['perplexity'], { '--limit': limit }, [checkpoint, dataset]),
}

type ConvertSpec = TaskSpec<'checkpoint.convert'>

function parallelOptions(target: ConvertSpec['target']): Record<string, Option> {
  if (target.layout === 'hf' || target.layout === 'mindspore') return {}
  return {
    '--tp': target.tp,
    '--pp': target.pp,
    '--vp-stage': target.layersPerVirtualStage,
    '--layer-list': target.layerList?.map(String),
    '--vocab-divisor': target.vocabDivisor,
  }
}

const sliceOptions = (spec: TaskSpec<'checkpoint.merge' | 'checkpoint.mergeLora'>): Record<string, Option> => ({
  '--strategy': spec.strategy,
  '--prefix': unless('checkpoint_', spec.prefix),
  '--weights-only': spec.weightsOnly,
})

const adapterOptions = (lora: ConvertSpec['lora']): Record<string, Option> => ({
  '--lora': lora?.checkpoint,
  '--lora-alpha': lora?.alpha,
  '--lora-rank': lora?.rank,
  '--lora-targets': lora?.targets,
})

/** The arguments of `awb` that do what a task step does. Throws ZodError for a spec that is not the task's. */
export function taskCommand(task: TaskName, spec: unknown): string[] {
  const toCommand = commands[task] as (spec: unknown) => string[]
  return toCommand(taskSpecs[task].parse(spec))
}

/** Operands come after `--`, so that a path that starts with a dash is still a path. */
function command(names: string[], options: Record<string, Option>, operands: string[]): string[] {
  const flags = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    if (value === true) return [name]
    // With `=` an empty or dashed value stays a value.
    return [`${name}=${Array.isArray(value) ? value.join(',') : String(value)}`]
  })
  return [...names, ...flags, ...(operands.length === 0 ? [] : ['--', ...operands])]
}

/** A value that is the default needs no words. */
const unless = <T>(usual: T, value: T): T | undefined => (value === usual ? undefined : value)

const unlessEmpty = (values: readonly string[]): readonly string[] | undefined =>
  values.length === 0 ? undefined : values

const columnOptions = (columns: AlpacaColumns | Omit<ShareGptColumns, 'tags'>): Record<string, string> =>
  Object.fromEntries(Object.entries(columns).map(([role, name]) => [`--${role}-column`, name]))

function messageOptions(columns: ShareGptColumns | undefined): Record<string, string> {
  if (columns === undefined) return {}
  const { tags, ...named } = columns
  return { ...columnOptions(named), '--tags': JSON.stringify(tags) }
}
