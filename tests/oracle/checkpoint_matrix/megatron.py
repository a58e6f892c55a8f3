"""Megatron's shards, by the rules of its two layouts: what each rank and stage holds, and under which names."""
import argparse
import enum
import os
import sys
import types

import torch

from models import DTYPES, FAMILIES, VOCAB, interleave


class ModelType(enum.Enum):
    encoder_or_decoder = 1


def offer_model_type():
    """Pickles name an enum of Megatron, which is not installed."""
    ModelType.__module__ = 'megatron.core.enums'
    for name in ('megatron', 'megatron.core', 'megatron.core.enums'):
        sys.modules[name] = types.ModuleType(name)
    sys.modules['megatron.core.enums'].ModelType = ModelType


def padded_vocab(settings):
    if settings.get('padded'):
        return settings['padded']
    step = settings.get('vocabDivisor', 1) * settings['tp']
    return -(-VOCAB // step) * step


def pad(matrix, rows):
    return torch.cat([matrix, matrix[-1:].expand(rows - matrix.shape[0], -1)])


def chunks_of(layers, settings, stage):
    """(key, global layers, has the embedding, has the head) of each chunk of a stage."""
    pp, sizes, size = settings['pp'], settings.get('layerList'), settings.get('layersPerVirtualStage')
    if sizes:
        start = sum(sizes[:stage])
        return [('model', list(range(start, start + sizes[stage])), stage == 0, stage == pp - 1)]
    count = 1 if not size else layers // pp // size
    size = size or layers // pp
    return [
        (
            'model' if count == 1 else 'model%d' % turn,
            [(turn * pp + stage) * size + local for local in range(size)],
            stage == 0 and turn == 0,
            stage == pp - 1 and turn == count - 1,
        )
        for turn in range(count)
    ]


def chunk_state(family, model, settings, tp_rank, layers, is_first, is_last):
    """One chunk of one rank as [(mcore name, legacy path, tensor or None)], in the order of mcore."""
    numbers, tp = FAMILIES[family], settings['tp']
    rows = lambda tensor: tensor.chunk(tp, 0)[tp_rank]
    columns = lambda tensor: tensor.chunk(tp, 1)[tp_rank]
    vocabulary = lambda tensor: rows(pad(tensor, padded_vocab(settings)))
    state = []

    def add(mcore, legacy, tensor):
        state.append((mcore, legacy, tensor))

    if is_first:
        add('embedding.word_embeddings.weight', 'language_model/embedding/word_embeddings/weight', vocabulary(model['embedding']))
    for local, layer in enumerate(layers):
        at, core, old = '%d.' % layer, 'decoder.layers.%d.' % local, 'language_model/encoder/layers.%d.' % local
        add(core + 'input_layernorm.weight', old + 'input_norm.weight', model[at + 'norm1'])
        add(core + 'self_attention.linear_proj.weight', old + 'self_attention.dense.weight', columns(model[at + 'o']))
        add(core + 'self_attention.linear_proj._extra_state', old + 'self_attention.dense._extra_state', None)
        for kind in ('', '.bias') if numbers['bias'] else ('',):
            packed = interleave([model[at + part + kind] for part in 'qkv'], numbers['kv'])
            name = kind or '.weight'
            add(core + 'self_attention.linear_qkv' + name, old + 'self_attention.query_key_value' + name, rows(packed))
        add(core + 'self_attention.linear_qkv._extra_state', old + 'self_attention.query_key_value._extra_state', None)
        add(core + 'pre_mlp_layernorm.weight', old + 'post_attention_norm.weight', model[at + 'norm2'])
        halves = torch.cat([rows(model[at + 'gate']), rows(model[at + 'up'])])
        add(core + 'mlp.linear_fc1.weight', old + 'mlp.dense_h_to_4h.weight', halves)
        add(core + 'mlp.linear_fc1._extra_state', old + 'mlp.dense_h_to_4h._extra_state', None)
        add(core + 'mlp.linear_fc2.weight', old + 'mlp.dense_4h_to_h.weight', columns(model[at + 'down']))
        add(core + 'mlp.linear_fc2._extra_state', old + 'mlp.dense_4h_to_h._extra_state', None)
    if is_last:
        add('decoder.final_layernorm.weight', 'language_model/encoder/final_norm.weight', model['norm'])
        if not numbers['tied']:
            add('output_layer.weight', 'language_model/output_layer/weight', vocabulary(model['head']))
            add('output_layer._extra_state', 'language_model/output_layer/_extra_state', None)
        else:
            if settings['pp'] > 1:
                add('output_layer.weight', 'word_embeddings_for_head/weight', vocabulary(model['embedding']))
            add('output_layer._extra_state', None, None)
    return state


def expected_chunk(layout, *chunk):
    entries = chunk_state(*chunk)
    if layout == 'mcore':
        return {mcore: tensor for mcore, _, tensor in entries}
    return {legacy: tensor for _, legacy, tensor in entries if legacy is not None}


def nested(flat):
    """`a/b.c/d` as dictionaries in dictionaries."""
    root = {}
    for path, value in flat.items():
        at, parts = root, path.split('/')
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = value
    return root


def flatten(state, prefix=''):
    flat = {}
    for name, value in state.items():
        flat.update(flatten(value, prefix + name + '/') if isinstance(value, dict) else {prefix + name: value})
    return flat


def shard_folders(settings):
    for stage in range(settings['pp']):
        for rank in range(settings['tp']):
            suffix = '_%03d' % stage if settings['pp'] > 1 else ''
            yield rank, stage, 'mp_rank_%02d%s' % (rank, suffix)


def virtual_size(layers, settings):
    size = settings.get('layersPerVirtualStage')
    return layers // settings['pp'] // size if size else None


def args_of(family, settings, dtype):
    numbers = FAMILIES[family]
    grouped = numbers['kv'] != numbers['heads']
    sizes = settings.get('layerList')
    return argparse.Namespace(
        num_layers=numbers['layers'], hidden_size=numbers['hidden'], ffn_hidden_size=numbers['ffn'],
        num_attention_heads=numbers['heads'], kv_channels=numbers['hidden'] // numbers['heads'],
        group_query_attention=grouped, num_query_groups=numbers['kv'] if grouped else 1, max_position_embeddings=64,
        seq_length=64, norm_epsilon=1e-5, rotary_base=None, add_qkv_bias=numbers['bias'], swiglu=True,
        untie_embeddings_and_output_weights=not numbers['tied'], vocab_size=VOCAB, padded_vocab_size=padded_vocab(settings),
        tensor_model_parallel_size=settings['tp'], pipeline_model_parallel_size=settings['pp'],
        virtual_pipeline_model_parallel_size=virtual_size(numbers['layers'], settings),
        num_layers_per_virtual_pipeline_stage=settings.get('layersPerVirtualStage'),
        num_layer_list=','.join(map(str, sizes)) if sizes else None, params_dtype=dtype,
        use_mcore_models=settings['layout'] == 'mcore', model_type=ModelType.encoder_or_decoder,
    )


def write(folder, family, model, settings):
    numbers = FAMILIES[family]
    dtype = DTYPES[numbers['dtype']]
    for rank, stage, name in shard_folders(settings):
        shard = {'args': args_of(family, settings, dtype), 'checkpoint_version': 3.0, 'iteration': 1}
        for key, *chunk in chunks_of(numbers['layers'], settings, stage):
            flat = expected_chunk(settings['layout'], family, model, settings, rank, *chunk)
            # A slice of a tensor would bring its whole storage along.
            flat = {path: tensor if tensor is None else tensor.clone() for path, tensor in flat.items()}
            shard[key] = flat if settings['layout'] == 'mcore' else nested(flat)
        target = os.path.join(folder, 'iter_0000001', name)
        os.makedirs(target)
        torch.save(shard, os.path.join(target, 'model_optim_rng.pt'))
    with open(os.path.join(folder, 'latest_checkpointed_iteration.txt'), 'w') as file:
        file.write('1')


def check(folder, family, model, settings, dtype, compare):
    numbers, problems = FAMILIES[family], []
    with open(os.path.join(folder, 'latest_checkpointed_iteration.txt')) as file:
        root = os.path.join(folder, 'iter_%07d' % int(file.read()))
    names = [name for _, _, name in shard_folders(settings)]
    if sorted(os.listdir(root)) != sorted(names):
        problems.append('folders: %s' % sorted(os.listdir(root)))
        return problems
    for rank, stage, name in shard_folders(settings):
        shard = torch.load(os.path.join(root, name, 'model_optim_rng.pt'), map_location='cpu')
        wanted = vars(args_of(family, settings, dtype))
        for field in wanted:
            if field not in ('rotary_base', 'norm_epsilon') and getattr(shard['args'], field) != wanted[field]:
                problems.append('%s: args.%s is %s' % (name, field, getattr(shard['args'], field)))
        chunks = chunks_of(numbers['layers'], settings, stage)
        if [key for key in shard if key.startswith('model')] != [key for key, *_ in chunks]:
            problems.append('%s: chunks' % name)
            continue
        for key, *chunk in chunks:
            expected = expected_chunk(settings['layout'], family, model, settings, rank, *chunk)
            actual = shard[key] if settings['layout'] == 'mcore' else flatten(shard[key])
            if settings['layout'] == 'mcore' and list(actual) != list(expected):
                problems.append('%s %s: order of names' % (name, key))
            compare('%s %s' % (name, key), dict(actual), expected, dtype, problems)
    return problems
