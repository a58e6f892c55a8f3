"""Oracle of the checkpoint tests: loads Megatron shards with torch.load and compares them with a Hugging Face model.

usage: checkpoint_compare.py HF_FOLDER MEGATRON_FOLDER...
       checkpoint_compare.py --hf HF_FOLDER HF_FOLDER
       checkpoint_compare.py --merged BASE LORA MERGED SCALE
       checkpoint_compare.py --views OUTPUT_FILE

Packs the model the way Megatron does (per key/value group, per rank halves), with its own code, and prints one JSON
object: {"compared": n, "differences": [...]}. With --views it saves a file whose tensors share and bend storages, and
prints what they hold.
"""
import argparse
import enum
import glob
import json
import os
import re
import struct
import sys
import types

import torch


class ModelType(enum.Enum):
    encoder_or_decoder = 1
    encoder_and_decoder = 2
    retro_encoder = 3
    retro_decoder = 4


def offer_model_type():
    """torch.load looks for the enum of Megatron, which is not installed."""
    ModelType.__module__ = 'megatron.core.enums'
    for name in ('megatron', 'megatron.core', 'megatron.core.enums'):
        sys.modules[name] = types.ModuleType(name)
    sys.modules['megatron.core.enums'].ModelType = ModelType


DTYPES = {'F32': torch.float32, 'F16': torch.float16, 'BF16': torch.bfloat16}


def read_safetensors(path):
    with open(path, 'rb') as file:
        length, = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        dtype = DTYPES[entry['dtype']]
        tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(entry['shape'])
    return tensors


def read_model(folder):
    tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, '*.safetensors'))):
        tensors.update(read_safetensors(path))
    with open(os.path.join(folder, 'config.json')) as file:
        return tensors, json.load(file)


def pad(matrix, rows):
    extra = rows - matrix.shape[0]
    return matrix if extra <= 0 else torch.cat([matrix, matrix[-1:].repeat(extra, 1)])


def chunks_of(args, stage):
    """(key, global layers, is first, is last) of each chunk that a stage holds."""
    layers, pp = args.num_layers, args.pipeline_model_parallel_size
    if args.num_layer_list is not None:
        sizes = [int(size) for size in args.num_layer_list.split(',')]
        begin = sum(sizes[:stage])
        return [('model', range(begin, begin + sizes[stage]), stage == 0, stage == pp - 1)]
    size = args.num_layers_per_virtual_pipeline_stage
    if size is None:
        size = layers // pp
    count = layers // pp // size
    keys = ['model'] if count == 1 else ['model%d' % chunk for chunk in range(count)]
    return [
        (key, range((v * pp + stage) * size, (v * pp + stage + 1) * size), stage == v == 0, stage == pp - 1 and v == count - 1)
        for v, key in enumerate(keys)
    ]


LEGACY = {
    'input_layernorm': 'input_norm',
    'linear_proj': 'dense',
    'linear_qkv': 'query_key_value',
    'pre_mlp_layernorm': 'post_attention_norm',
    'linear_fc1': 'dense_h_to_4h',
    'linear_fc2': 'dense_4h_to_h',
}


def legacy_state(state, tied):
    """The same tensors under their older names; dictionaries in dictionaries are joined by /."""
    result = {}
    for name, value in state.items():
        parts = [LEGACY.get(part, part) for part in name.split('.')]
        if parts[0] == 'decoder':
            parts = ['final_norm', 'weight'] if parts[1] == 'final_layernorm' else parts[1:]
            result['language_model/encoder/' + '.'.join(parts)] = value
        elif parts[0] == 'embedding':
            result['language_model/' + '/'.join(parts)] = value
        elif not tied:
            result['language_model/' + '/'.join(parts)] = value
        elif parts[1] == 'weight':
            result['word_embeddings_for_head/weight'] = value
    return result


def flatten(state, prefix=''):
    flat = {}
    for name, value in state.items():
        flat.update(flatten(value, prefix + name + '/') if isinstance(value, dict) else {prefix + name: value})
    return flat


def expected_state(model, config, args, rank, layers, is_first, is_last):
    """The mcore state dictionary of one chunk of one rank, in the order of Megatron."""
    tp, pp = args.tensor_model_parallel_size, args.pipeline_model_parallel_size
    groups = config['num_key_value_heads']
    d = config['hidden_size'] // config['num_attention_heads']
    cast = lambda tensor: tensor.to(args.params_dtype)
    state = {}

    def rows(tensor):
        return tensor.chunk(tp, dim=0)[rank]

    def qkv(prefix, kind):
        parts = [model[prefix + name + '_proj.' + kind] for name in 'qkv']
        blocks = [part.reshape(groups, -1, d, *part.shape[1:]) for part in parts]
        return rows(torch.cat(blocks, dim=1).flatten(0, 2))

    if is_first:
        state['embedding.word_embeddings.weight'] = rows(pad(model['model.embed_tokens.weight'], args.padded_vocab_size))
    for local, layer in enumerate(layers):
        source = 'model.layers.%d.' % layer
        target = 'decoder.layers.%d.' % local
        state[target + 'input_layernorm.weight'] = model[source + 'input_layernorm.weight']
        state[target + 'self_attention.linear_proj.weight'] = model[source + 'self_attn.o_proj.weight'].chunk(tp, dim=1)[rank]
        state[target + 'self_attention.linear_proj._extra_state'] = None
        state[target + 'self_attention.linear_qkv.weight'] = qkv(source + 'self_attn.', 'weight')
        if source + 'self_attn.q_proj.bias' in model:
            state[target + 'self_attention.linear_qkv.bias'] = qkv(source + 'self_attn.', 'bias')
        state[target + 'self_attention.linear_qkv._extra_state'] = None
        state[target + 'pre_mlp_layernorm.weight'] = model[source + 'post_attention_layernorm.weight']
        halves = [rows(model[source + 'mlp.%s_proj.weight' % name]) for name in ('gate', 'up')]
        state[target + 'mlp.linear_fc1.weight'] = torch.cat(halves)
        state[target + 'mlp.linear_fc1._extra_state'] = None
        state[target + 'mlp.linear_fc2.weight'] = model[source + 'mlp.down_proj.weight'].chunk(tp, dim=1)[rank]
        state[target + 'mlp.linear_fc2._extra_state'] = None
    if is_last:
        state['decoder.final_layernorm.weight'] = model['model.norm.weight']
        tied = config.get('tie_word_embeddings', False)
        if not tied or pp > 1:
            head = model['model.embed_tokens.weight' if tied else 'lm_head.weight']
            state['output_layer.weight'] = rows(pad(head, args.padded_vocab_size))
        state['output_layer._extra_state'] = None
    return {name: None if value is None else cast(value) for name, value in state.items()}


def bits(tensor):
    return tensor.contiguous().view(torch.int32 if tensor.element_size() == 4 else torch.int16)


def compare_states(where, actual, expected, differences):
    if list(actual) != list(expected):
        differences.append('%s: names or their order' % where)
        return
    for name, value in expected.items():
        ours = actual[name]
        if value is None or ours is None:
            if value is not ours:
                differences.append('%s %s: None' % (where, name))
        elif ours.dtype != value.dtype or ours.shape != value.shape or not torch.equal(bits(ours), bits(value)):
            differences.append('%s %s: %s %s' % (where, name, ours.dtype, tuple(ours.shape)))


def compare_megatron(hf_folder, megatron_folder):
    model, config = read_model(hf_folder)
    with open(os.path.join(megatron_folder, 'latest_checkpointed_iteration.txt')) as file:
        iteration = int(file.read())
    folder = os.path.join(megatron_folder, 'iter_%07d' % iteration)
    compared, differences = 0, []
    for path in sorted(glob.glob(os.path.join(folder, 'mp_rank_*', 'model_optim_rng.pt'))):
        rank, stage = re.match(r'mp_rank_(\d+)(?:_(\d+))?$', os.path.basename(os.path.dirname(path))).groups()
        shard = torch.load(path, map_location='cpu')
        args = shard['args']
        chunks = chunks_of(args, int(stage or 0))
        models = [key for key, *_ in chunks]
        keys = ['args', 'checkpoint_version', 'iteration', *models, 'num_floating_point_operations_so_far']
        if list(shard) != keys or shard['checkpoint_version'] != 3.0 or shard['iteration'] != iteration:
            differences.append('%s: top level' % path)
        if not isinstance(args, argparse.Namespace) or args.model_type is not ModelType(1):
            differences.append('%s: args' % path)
        for key, layers, is_first, is_last in chunks:
            actual = shard[key]
            expected = expected_state(model, config, args, int(rank), layers, is_first, is_last)
            if not args.use_mcore_models:
                expected = dict(sorted(legacy_state(expected, config.get('tie_word_embeddings', False)).items()))
                actual = dict(sorted(flatten(actual).items()))
            compare_states('%s %s' % (os.path.basename(os.path.dirname(path)), key), actual, expected, differences)
            compared += len(expected)
    return compared, differences


def compare_models(ours, theirs):
    (actual, _), (expected, config) = read_model(ours), read_model(theirs)
    differences = []
    with open(os.path.join(ours, 'config.json')) as file:
        dtype = getattr(torch, json.load(file)['torch_dtype'])
    expected = {name: value.to(dtype) for name, value in expected.items()}
    compare_states(ours, {name: actual[name] for name in expected if name in actual}, expected, differences)
    return len(expected), differences


def compare_merged(base_folder, lora_folder, merged_folder, scale):
    """Merges the adapters of each rank with torch, in the dtype of the result, and allows the last bit of a product."""
    compared, differences = 0, []
    for path in sorted(glob.glob(os.path.join(merged_folder, 'iter_*', 'mp_rank_*', 'model_optim_rng.pt'))):
        shard = os.path.relpath(path, merged_folder)
        states = [torch.load(os.path.join(folder, shard))['model'] for folder in (base_folder, lora_folder, merged_folder)]
        base, lora, merged = states
        for name, actual in merged.items():
            if actual is None:
                continue
            module = name[: -len('.weight')]
            a, b = (lora.get('%s.lora_%s.default.weight' % (module, side)) for side in 'AB')
            expected = base[name].to(actual.dtype)
            if a is not None:
                a, b = a.to(actual.dtype), b.to(actual.dtype)
                if actual.dtype == torch.float16:
                    a, b = a.float(), b.float()
                expected = expected + ((b @ a) * float(scale)).to(actual.dtype)
            step = torch.finfo(actual.dtype).eps
            if not torch.allclose(actual.float(), expected.float(), rtol=step, atol=step * 2e-3):
                differences.append('%s %s' % (shard, name))
            compared += 0 if a is None else 1
    return compared, differences


def save_views(path):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors = {
        'base': base,
        'transposed': base.t(),
        'window': base[1:3, 2:5],
        'column': base[:, 1],
        'expanded': base[0].expand(3, 6),
        'strided': base[::2],
        'half': base.half().t(),
        'parameter': torch.nn.Parameter(base[:1]),
    }
    torch.save({'nested': {'deep': tensors}, 'rng': torch.get_rng_state(), 'size': base.shape, 'dtype': torch.half}, path)
    return {name: tensor.float().flatten().tolist() for name, tensor in tensors.items()}


def main(arguments):
    offer_model_type()
    if arguments[0] == '--views':
        print(json.dumps(save_views(arguments[1])))
        return
    if arguments[0] == '--hf':
        pairs = [compare_models(*arguments[1:])]
    elif arguments[0] == '--merged':
        pairs = [compare_merged(*arguments[1:])]
    else:
        pairs = [compare_megatron(arguments[0], folder) for folder in arguments[1:]]
    differences = [line for _, lines in pairs for line in lines]
    print(json.dumps({'compared': sum(count for count, _ in pairs), 'differences': differences}))


if __name__ == '__main__':
    main(sys.argv[1:])
