import { AppError } from '../protocol/errors/index.ts'
import type { Dtype, ModelShape } from '../protocol/passport.ts'
import type { Finding } from '../protocol/plan.ts'
import { torchNames } from './formats/dtypes.ts'
import { PyFloat, type PyWritable } from './formats/pickle-write.ts'
import { PyGlobal, PyObject, type PyValue } from './formats/python-values.ts'
import { assumedNumbers } from './problems.ts'
import type { MegatronTarget } from './writing/target.ts'

export type ArgsNamespace = ReadonlyMap<string, PyValue>

/** How the shards are laid out, by the arguments they were written with. */
export interface ParallelArgs {
  readonly perVirtualStage: number | undefined
  readonly layerList: readonly number[] | undefined
}

const positive = (value: PyValue | undefined): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined

export function parallelArgs(args: ArgsNamespace): ParallelArgs {
  const list = args.get('num_layer_list')
  const sizes = typeof list === 'string' && list !== '' ? list.split(',').map(Number) : undefined
  return {
    perVirtualStage: positive(args.get('num_layers_per_virtual_pipeline_stage')),
    layerList: sizes?.every((size) => Number.isInteger(size) && size > 0) === true ? sizes : undefined,
  }
}

/**
 * The model's numbers from the arguments in a shard. Megatron does not keep the rotary base of a converted model, and
 * training without `--vocab-size` does not keep the unpadded vocabulary; both are assumed then, and said so.
 *
 * @param storedVocab rows of the embedding in all ranks together
 * @throws AppError `checkpoint.configInvalid` naming the argument
 */
export function shapeFromArgs(
  args: ArgsNamespace,
  path: string,
  storedVocab: number,
): { model: ModelShape; findings: Finding[] } {
  const required = (name: string): number => {
    const value = positive(args.get(name))
    if (value === undefined || !Number.isInteger(value)) {
      throw new AppError('checkpoint.configInvalid', { file: path, field: `args.${name}`, reason: 'count' })
    }
    return value
  }
  const heads = required('num_attention_heads')
  const hidden = required('hidden_size')
  const grouped = args.get('group_query_attention') === true
  const vocab = positive(args.get('vocab_size'))
  const ropeTheta = positive(args.get('rotary_base'))
  const model: ModelShape = {
    family: 'llama2',
    layers: required('num_layers'),
    hidden,
    ffn: required('ffn_hidden_size'),
    heads,
    kvGroups: grouped ? required('num_query_groups') : heads,
    headDim: positive(args.get('kv_channels')) ?? hidden / heads,
    vocab: vocab !== undefined && vocab <= storedVocab ? vocab : storedVocab,
    maxPositions: positive(args.get('max_position_embeddings')) ?? 4096,
    ropeTheta: ropeTheta ?? 10_000,
    normEpsilon: positive(args.get('norm_epsilon')) ?? 1e-5,
    tiedEmbeddings: args.get('untie_embeddings_and_output_weights') === false,
    qkvBias: args.get('add_qkv_bias') === true,
    ...(args.get('add_dense_bias') === true ? { oBias: true } : {}),
  }
  const assumed = [...(ropeTheta === undefined ? ['rotary_base'] : []), ...(vocab === undefined ? ['vocab_size'] : [])]
  return { model, findings: assumed.length === 0 ? [] : [assumedNumbers(path, assumed.join(', '))] }
}

/** A target with all that its arguments tell. */
export interface ArgsTarget extends MegatronTarget {
  readonly vpp: number
  /** Rows of the vocabulary without and with padding. */
  readonly vocab: number
  readonly paddedVocab: number
  readonly dtype: Dtype
}

/**
 * The arguments that a converter leaves in each shard, as far as a reader looks at them (training with
 * `--use-checkpoint-args`, further conversions).
 */
export function argsFor(model: ModelShape, target: ArgsTarget): ReadonlyMap<string, PyWritable> {
  const grouped = model.kvGroups !== model.heads
  const perChunk = target.layersPerVirtualStage ?? null
  return new Map<string, PyWritable>([
    ['num_layers', model.layers],
    ['encoder_num_layers', model.layers],
    ['decoder_num_layers', null],
    ['hidden_size', model.hidden],
    ['ffn_hidden_size', model.ffn],
    ['num_attention_heads', model.heads],
    ['kv_channels', model.headDim],
    ['group_query_attention', grouped],
    ['num_query_groups', grouped ? model.kvGroups : 1],
    ['max_position_embeddings', model.maxPositions],
    ['seq_length', model.maxPositions],
    ['encoder_seq_length', model.maxPositions],
    ['position_embedding_type', 'rope'],
    ['use_rotary_position_embeddings', true],
    ['rotary_base', model.ropeTheta],
    ['rotary_percent', new PyFloat(1)],
    ['rotary_interleaved', false],
    ['rotary_seq_len_interpolation_factor', null],
    ['add_position_embedding', true],
    ['make_vocab_size_divisible_by', target.vocabDivisor ?? 1],
    ['normalization', 'RMSNorm'],
    ['norm_epsilon', model.normEpsilon],
    ['apply_layernorm_1p', false],
    ['swiglu', true],
    ['add_bias_linear', false],
    ['add_qkv_bias', model.qkvBias],
    ['add_dense_bias', model.oBias === true],
    ['post_norm', false],
    ['untie_embeddings_and_output_weights', !model.tiedEmbeddings],
    ['apply_query_key_layer_scaling', false],
    ['attention_softmax_in_fp32', false],
    ['use_mcore_models', target.layout === 'mcore'],
    ['transformer_impl', 'local'],
    ['micro_batch_size', 1],
    ['global_batch_size', 1024],
    ['tokenizer_type', 'Llama2Tokenizer'],
    ['tokenizer_model', null],
    ['vocab_size', target.vocab],
    ['padded_vocab_size', target.paddedVocab],
    ['tensor_model_parallel_size', target.tp],
    ['pipeline_model_parallel_size', target.pp],
    ['transformer_pipeline_model_parallel_size', target.pp],
    ['virtual_pipeline_model_parallel_size', perChunk === null ? null : target.vpp],
    ['num_layers_per_virtual_pipeline_stage', perChunk],
    ['num_layer_list', target.layerList?.join(',') ?? null],
    ['pipeline_model_parallel_split_rank', null],
    ['context_parallel_size', 1],
    ['expert_model_parallel_size', 1],
    ['data_parallel_size', 1],
    ['sequence_parallel', false],
    ['world_size', target.tp * target.pp],
    ['rank', 0],
    ['num_experts', null],
    ['moe_grouped_gemm', false],
    ['params_dtype', new PyGlobal(`torch ${torchNames[target.dtype].dtype}`)],
    ['fp16', target.dtype === 'fp16'],
    ['bf16', target.dtype === 'bf16'],
    ['no_save_optim', true],
    ['no_save_rng', true],
    ['no_load_optim', true],
    ['no_load_rng', true],
    ['finetune', true],
    ['lora_target_modules', []],
    ['model_type', new PyObject('megatron.core.enums ModelType', [1])],
    ['consumed_train_samples', 0],
    ['consumed_valid_samples', 0],
  ])
}
