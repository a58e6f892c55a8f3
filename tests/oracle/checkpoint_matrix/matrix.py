"""Oracle of the checkpoint matrix: writes tiny checkpoints in every layout, and checks what they were converted into.

usage: matrix.py make ROOT   with {"families": [...], "megatron": {name: settings}, "spreads": {name: settings}} on stdin
       matrix.py check       with [{"id", "family", "path", "kind", "settings", "dtype"}, ...] on stdin

Implements the layouts itself, from their description; shares no code with the engine. `check` prints {id: [problems]}.
"""
import glob
import json
import os
import struct
import sys

import torch

import megatron
import mindspore
from models import DTYPES, FAMILIES, config_of, model_of, stored_names

NAMES = {torch.float16: 'F16', torch.bfloat16: 'BF16', torch.float32: 'F32'}
FROM_NAMES = {name: dtype for dtype, name in NAMES.items()}


def write_safetensors(path, tensors):
    header, data, at = {}, [], 0
    for name, tensor in tensors.items():
        bytes_ = mindspore.raw(tensor)
        header[name] = {'dtype': NAMES[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [at, at + len(bytes_)]}
        data.append(bytes_)
        at += len(bytes_)
    text = json.dumps(header).encode()
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + b''.join(data))


def read_hugging_face(folder):
    tensors = {}
    for path in glob.glob(os.path.join(folder, '*.bin')):
        tensors.update(torch.load(path, map_location='cpu'))
    for path in glob.glob(os.path.join(folder, '*.safetensors')):
        with open(path, 'rb') as file:
            (length,) = struct.unpack('<Q', file.read(8))
            header, data = json.loads(file.read(length)), file.read()
        for name, entry in header.items():
            if name != '__metadata__':
                begin, end = entry['data_offsets']
                tensor = torch.frombuffer(bytearray(data[begin:end]), dtype=FROM_NAMES[entry['dtype']])
                tensors[name] = tensor.reshape(entry['shape'])
    return tensors


def write_config(folder, family):
    with open(os.path.join(folder, 'config.json'), 'w') as file:
        json.dump(config_of(family), file)


def write_hugging_face(folder, family, model):
    os.makedirs(folder)
    write_config(folder, family)
    tensors = stored_names(family, model, 'hf')
    if FAMILIES[family]['style'] != 'telechat':
        return write_safetensors(os.path.join(folder, 'model.safetensors'), tensors)
    names = sorted(tensors)
    for part, half in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
        path = os.path.join(folder, 'pytorch_model_%05d-of-00002.bin' % part)
        torch.save({name: tensors[name] for name in half}, path)


def make(root, request):
    for family in request['families']:
        model, layers = model_of(family), FAMILIES[family]['layers']
        at = lambda name: os.path.join(root, family, name)
        write_hugging_face(at('hf'), family, model)
        tensors = stored_names(family, model, 'mindspore')
        os.makedirs(at('mindspore'))
        write_config(at('mindspore'), family)
        mindspore.write_file(os.path.join(at('mindspore'), 'transform.ckpt'), tensors)
        for name, spread in request['spreads'].items():
            mindspore.write_strategy(at(name + '-strategy'), tensors, layers, spread)
            mindspore.write_ranks(at(name), tensors, layers, spread)
            write_config(at(name), family)
        if FAMILIES[family]['style'] != 'telechat':
            for name, settings in request['megatron'].items():
                megatron.write(at(name), family, model, settings)


def bits(tensor):
    return tensor.contiguous().view(torch.int32 if tensor.element_size() == 4 else torch.int16)


def compare(where, actual, expected, dtype, problems):
    """Every tensor of the original, cast by torch, bit for bit; nothing more, nothing less."""
    for name in sorted(set(actual) ^ set(expected)):
        problems.append('%s: %s is %s' % (where, name, 'missing' if name in expected else 'unexpected'))
    for name in set(actual) & set(expected):
        ours, theirs = actual[name], expected[name]
        if theirs is None or ours is None:
            if ours is not theirs:
                problems.append('%s: %s is not None' % (where, name))
            continue
        theirs = theirs.to(dtype)
        if ours.dtype != dtype or ours.shape != theirs.shape or not torch.equal(bits(ours), bits(theirs)):
            problems.append('%s: %s differs, %s %s' % (where, name, ours.dtype, tuple(ours.shape)))


def check(case, model):
    family, path, kind, problems = case['family'], case['path'], case['kind'], []
    dtype = DTYPES[case.get('dtype') or FAMILIES[family]['dtype']]
    if kind == 'hf':
        compare('hf', read_hugging_face(path), stored_names(family, model, 'hf'), dtype, problems)
    elif kind == 'mindspore':
        (file,) = glob.glob(os.path.join(path, '*.ckpt')) + glob.glob(os.path.join(path, 'rank_0', '*.ckpt'))
        compare('mindspore', mindspore.read_file(file), stored_names(family, model, 'mindspore'), dtype, problems)
    elif kind == 'ranks':
        problems += mindspore.check_ranks(path, family, model, case['settings'], dtype, compare)
    else:
        problems += megatron.check(path, family, model, case['settings'], dtype, compare)
    return problems


def main():
    megatron.offer_model_type()
    torch.set_num_threads(1)
    request = json.load(sys.stdin)
    if sys.argv[1] == 'make':
        return make(sys.argv[2], request)
    models = {family: model_of(family) for family in FAMILIES}
    print(json.dumps({case['id']: check(case, models[case['family']]) for case in request}))


main()
