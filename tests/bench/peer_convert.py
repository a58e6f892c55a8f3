"""Hugging Face to Megatron core shards, the straightforward way: everything is loaded, permuted, split and saved with
torch, as the original converter does, less its second process and its models on the way.

peer_convert.py MODEL OUTPUT TP PP; prints seconds and the peak of resident memory in bytes as JSON.
"""

import json
import os
import resource
import struct
import sys
import time

import numpy
import torch


def load(path):
    """All tensors of a safetensors file, in memory."""
    data = numpy.fromfile(path, dtype=numpy.uint8)
    length = struct.unpack("<Q", data[:8].tobytes())[0]
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F16"
        begin, end = entry["data_offsets"]
        values = torch.from_numpy(data[8 + length + begin : 8 + length + end].view(numpy.float16))
        tensors[name] = values.view(entry["shape"])
    return tensors


def load_model(folder):
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".safetensors"):
            tensors.update(load(os.path.join(folder, name)))
    with open(os.path.join(folder, "config.json")) as file:
        return tensors, json.load(file)


def layer_parts(tensors, layer, config, tp):
    """The parts of one layer, each split for the ranks, by their Megatron names; those that all share come whole."""
    prefix = f"model.layers.{layer}."
    groups = config["num_key_value_heads"]
    hidden = config["hidden_size"]
    q, k, v = (tensors[f"{prefix}self_attn.{x}_proj.weight"] for x in "qkv")
    qkv = torch.cat(
        [
            q.reshape(groups, -1, hidden),
            k.reshape(groups, -1, hidden),
            v.reshape(groups, -1, hidden),
        ],
        dim=1,
    ).reshape(-1, hidden)
    gate = torch.chunk(tensors[f"{prefix}mlp.gate_proj.weight"], tp, dim=0)
    up = torch.chunk(tensors[f"{prefix}mlp.up_proj.weight"], tp, dim=0)
    return {
        "input_layernorm.weight": tensors[f"{prefix}input_layernorm.weight"],
        "self_attention.linear_qkv.weight": torch.chunk(qkv, tp, dim=0),
        "self_attention.linear_proj.weight": torch.chunk(tensors[f"{prefix}self_attn.o_proj.weight"], tp, dim=1),
        "pre_mlp_layernorm.weight": tensors[f"{prefix}post_attention_layernorm.weight"],
        "mlp.linear_fc1.weight": [torch.cat(pair, dim=0) for pair in zip(gate, up)],
        "mlp.linear_fc2.weight": torch.chunk(tensors[f"{prefix}mlp.down_proj.weight"], tp, dim=1),
    }


def main():
    model, output, tp, pp = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    started = time.time()
    tensors, config = load_model(model)
    per_stage = config["num_hidden_layers"] // pp
    for stage in range(pp):
        ranks = [{} for _ in range(tp)]
        if stage == 0:
            for rank, part in enumerate(torch.chunk(tensors["model.embed_tokens.weight"], tp, dim=0)):
                ranks[rank]["embedding.word_embeddings.weight"] = part.clone()
        for local in range(per_stage):
            for name, parts in layer_parts(tensors, stage * per_stage + local, config, tp).items():
                for rank in range(tp):
                    part = parts if isinstance(parts, torch.Tensor) else parts[rank]
                    ranks[rank][f"decoder.layers.{local}.{name}"] = part.clone()
        if stage == pp - 1:
            for rank, part in enumerate(torch.chunk(tensors["lm_head.weight"], tp, dim=0)):
                ranks[rank]["decoder.final_layernorm.weight"] = tensors["model.norm.weight"].clone()
                ranks[rank]["output_layer.weight"] = part.clone()
        for rank in range(tp):
            folder = os.path.join(output, "iter_0000001", f"mp_rank_{rank:02d}_{stage:03d}")
            os.makedirs(folder)
            state = {"iteration": 1, "model": ranks[rank]}
            torch.save(state, os.path.join(folder, "model_optim_rng.pt"))
    seconds = time.time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "rssBytes": peak}))


main()
