"""Oracle of the torch reader: saves tensors that share and bend storages, and prints what they hold.

usage: checkpoint_storages.py tagged DEVICE OUTPUT     storages say that they were on this device
       checkpoint_storages.py protocol NUMBER OUTPUT   a pickle of this protocol
       checkpoint_storages.py old OUTPUT               the format of torch before 1.6
"""

import json
import sys

import torch


def tensors():
    base = torch.arange(60, dtype=torch.float32).reshape(5, 12) / 7
    half = base.half()
    return {
        'base': base,
        'same': base,
        'rows': base[1:4],
        'window': base[2:4, 3:9:2],
        'transposed': base.t()[2:5],
        'expanded': base[0:1].expand(4, 12),
        'cube': base.reshape(5, 3, 4).permute(2, 0, 1),
        'scalar': base[3, 3],
        'empty': base[2:2],
        'half': half,
        'half_columns': half[:, 5],
        'bf16': base.bfloat16()[1::2],
    }


def main(kind, *arguments):
    saved = tensors()
    if kind == 'tagged':
        device, path = arguments
        # Asked before torch's own, which would say cpu.
        torch.serialization.register_package(0, lambda storage: device, lambda storage, location: None)
        torch.save(saved, path)
    elif kind == 'protocol':
        number, path = arguments
        torch.save(saved, path, pickle_protocol=int(number))
    else:
        torch.save(saved, arguments[0], _use_new_zipfile_serialization=False)
    print(json.dumps({name: tensor.float().flatten().tolist() for name, tensor in saved.items()}))


main(*sys.argv[1:])
