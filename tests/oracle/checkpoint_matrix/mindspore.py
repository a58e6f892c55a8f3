"""MindSpore's files, written and read by protoc; and how a strategy spreads parameters over devices."""
import codecs
import os
import re
import subprocess

import torch

from models import FAMILIES, stored_names

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TYPES = {torch.float16: 'Float16', torch.bfloat16: 'BFloat16', torch.float32: 'Float32'}
FROM_TYPES = {name: dtype for dtype, name in TYPES.items()}


def protoc(mode, message, data):
    command = ['protoc', '--proto_path=' + HERE, '--%s=%s' % (mode, message), 'mindspore.proto']
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def raw(tensor):
    view = torch.int32 if tensor.element_size() == 4 else torch.int16
    return tensor.contiguous().view(view).numpy().tobytes()


def quoted(data):
    return '"' + ''.join('\\%03o' % byte for byte in data) + '"'


def write_file(path, tensors):
    text = []
    for name, tensor in tensors.items():
        dims = ' '.join('dims: %d' % size for size in tensor.shape)
        kind = 'tensor_type: "%s" tensor_content: %s' % (TYPES[tensor.dtype], quoted(raw(tensor)))
        text.append('value { tag: "%s" tensor { %s %s } }' % (name, dims, kind))
    with open(path, 'wb') as file:
        file.write(protoc('encode', 'Checkpoint', '\n'.join(text).encode()))


def read_file(path):
    with open(path, 'rb') as file:
        text = protoc('decode', 'Checkpoint', file.read()).decode('latin-1')
    tensors, contents = {}, {}
    for block in re.split(r'(?m)^value \{$', text)[1:]:
        name = re.search(r'(?m)^  tag: "(.*)"$', block).group(1)
        shape = [int(size) for size in re.findall(r'(?m)^    dims: (\d+)$', block)]
        kind = re.search(r'(?m)^    tensor_type: "(.*)"$', block).group(1)
        content = re.search(r'(?m)^    tensor_content: "(.*)"$', block).group(1)
        contents[name] = contents.get(name, b'') + codecs.escape_decode(content.encode('latin-1'))[0]
        tensors[name] = torch.frombuffer(bytearray(contents[name]), dtype=FROM_TYPES[kind]).reshape(shape)
    return tensors


def cut_of(name):
    """Axis that model parallelism cuts, None for none: MindFormers' Llama and TeleChat2."""
    if 'norm' in name or name.endswith(('wo.bias', 'w2.bias')):
        return None
    return 1 if name.endswith(('wo.weight', 'w2.weight')) else 0


def stage_of(name, layers, pp):
    layer = re.match(r'model\.layers\.(\d+)\.', name)
    if layer:
        return int(layer.group(1)) * pp // layers
    return 0 if 'tok_embeddings' in name else pp - 1


def shards_of(name, tensor, spread):
    """Pieces that optimizer sharding cuts axis 0 of a slice into."""
    rows = tensor.shape[0] // (spread['mp'] if cut_of(name) == 0 else 1)
    wanted = spread.get('optimizer', 1)
    return wanted if tensor.dim() == 2 and rows % wanted == 0 else 1


def cuts_evenly(name, tensor, spread):
    axis = cut_of(name)
    return axis is None or tensor.shape[axis] % spread['mp'] == 0


def slices_of(tensors, layers, spread):
    """What each rank holds: {rank: {name: tensor}}."""
    dp, mp, pp = spread['dp'], spread['mp'], spread['pp']
    ranks = {}
    for rank in range(dp * mp * pp):
        device, held = rank % (dp * mp), {}
        for name, tensor in tensors.items():
            if stage_of(name, layers, pp) != rank // (dp * mp):
                continue
            axis = cut_of(name) if cuts_evenly(name, tensor, spread) else None
            piece = tensor if axis is None else tensor.chunk(mp, axis)[device % mp]
            shards = shards_of(name, tensor, spread) if axis is not None else 1
            held[name] = piece.chunk(shards, 0)[device // mp % shards]
        ranks[rank] = held
    return ranks


def write_strategy(folder, tensors, layers, spread):
    os.makedirs(folder)
    dp, mp, pp = spread['dp'], spread['mp'], spread['pp']
    for stage in range(pp):
        items = []
        for name, tensor in tensors.items():
            if stage_of(name, layers, pp) != stage:
                continue
            axis = cut_of(name) if cuts_evenly(name, tensor, spread) else None
            tensor_map = ' '.join('dim: %d' % (0 if at == axis else -1) for at in range(tensor.dim()))
            shards = shards_of(name, tensor, spread) if axis is not None else 1
            step, size = (mp, shards) if shards > 1 else (0, 0)
            items.append(
                'parallel_layout_item { param_name: "%s" parallel_layouts { dev_matrix { dim: %d dim: %d } '
                'tensor_map { %s } param_split_shape { } indices_offset { } field: 0 '
                'opt_weight_shard_step: %d opt_weight_shard_size: %d } }' % (name, dp, mp, tensor_map, step, size)
            )
        head = 'current_stage: %d parallel_strategy_item { node_name: "MatMul" parallel_strategys { stage: %d ' % (stage + 1, stage)
        text = head + 'parallel_strategy { dim: 1 dim: %d } } }\n' % mp + '\n'.join(items)
        with open(os.path.join(folder, 'ckpt_strategy_rank_%d.ckpt' % (stage * dp * mp)), 'wb') as file:
            file.write(protoc('encode', 'ParallelStrategyMap', text.encode()))


def write_ranks(folder, tensors, layers, spread):
    for rank, held in slices_of(tensors, layers, spread).items():
        at = os.path.join(folder, 'rank_%d' % rank)
        os.makedirs(at)
        write_file(os.path.join(at, 'llama-3_2.ckpt'), held)


def check_ranks(folder, family, model, spread, dtype, compare):
    problems = []
    tensors = stored_names(family, model, 'mindspore')
    ranks = slices_of(tensors, FAMILIES[family]['layers'], spread)
    folders = sorted(name for name in os.listdir(folder) if name.startswith('rank_'))
    if folders != sorted('rank_%d' % rank for rank in ranks):
        return ['folders: %s' % folders]
    for rank, held in ranks.items():
        actual = read_file(os.path.join(folder, 'rank_%d' % rank, 'checkpoint_%d.ckpt' % rank))
        compare('rank %d' % rank, actual, held, dtype, problems)
    return problems
