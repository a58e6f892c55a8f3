"""Compares a Megatron mcore checkpoint with a Hugging Face folder, tensor by tensor and bit by bit.

usage: compare_trained.py MCORE_FOLDER HF_FOLDER

Written against the format descriptions, with PyTorch as the reader; shares no code with the program under test.
Prints one JSON line {"tensors": n, "different": [...]} and exits 0 when nothing differs.
"""

import json
import os
import sys
import types

import torch

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def stand_in_for_megatron():
    """The training framework is not installed here; a checkpoint names one of its enums."""
    for name in ("megatron", "megatron.core", "megatron.core.enums"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["megatron.core.enums"].ModelType = int


def read_safetensors(path):
    tensors = {}
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        start = 8 + size
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            file.seek(start + begin)
            flat = torch.frombuffer(bytearray(file.read(end - begin)), dtype=DTYPES[entry["dtype"]])
            tensors[name] = flat.reshape(entry["shape"])
    return tensors


def read_hf(folder):
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".safetensors"):
            tensors.update(read_safetensors(os.path.join(folder, name)))
    return tensors


def read_shards(root):
    with open(os.path.join(root, "latest_checkpointed_iteration.txt")) as file:
        iteration = int(file.read())
    folder = os.path.join(root, "iter_%07d" % iteration)
    shards = {}
    for name in os.listdir(folder):
        rank = [int(part) for part in name[len("mp_rank_"):].split("_")]
        path = os.path.join(folder, name, "model_optim_rng.pt")
        state = torch.load(path, map_location="cpu")
        shards[(rank[0], rank[1] if len(rank) > 1 else 0)] = state["model"]
    return shards


def expected_hf(shards, config):
    heads = config["num_attention_heads"]
    groups = config.get("num_key_value_heads", heads)
    hidden = config["hidden_size"]
    size = config.get("head_dim") or hidden // heads
    vocab = config["vocab_size"]
    tp = 1 + max(rank[0] for rank in shards)
    pp = 1 + max(rank[1] for rank in shards)
    per_group = heads // groups
    tensors = {}

    def joined(stage, key, dim):
        return torch.cat([shards[(t, stage)][key] for t in range(tp)], dim=dim)

    tensors["model.embed_tokens.weight"] = joined(0, "embedding.word_embeddings.weight", 0)[:vocab]
    layer = 0
    for stage in range(pp):
        local = 0
        while "decoder.layers.%d.input_layernorm.weight" % local in shards[(0, stage)]:
            at = "decoder.layers.%d." % local
            to = "model.layers.%d." % layer
            tensors[to + "input_layernorm.weight"] = shards[(0, stage)][at + "input_layernorm.weight"]
            tensors[to + "post_attention_layernorm.weight"] = shards[(0, stage)][at + "pre_mlp_layernorm.weight"]
            packed = joined(stage, at + "self_attention.linear_qkv.weight", 0)
            packed = packed.reshape(groups, per_group + 2, size, hidden)
            tensors[to + "self_attn.q_proj.weight"] = packed[:, :per_group].reshape(-1, hidden)
            tensors[to + "self_attn.k_proj.weight"] = packed[:, per_group].reshape(-1, hidden)
            tensors[to + "self_attn.v_proj.weight"] = packed[:, per_group + 1].reshape(-1, hidden)
            tensors[to + "self_attn.o_proj.weight"] = joined(stage, at + "self_attention.linear_proj.weight", 1)
            halves = [shards[(t, stage)][at + "mlp.linear_fc1.weight"].chunk(2, 0) for t in range(tp)]
            tensors[to + "mlp.gate_proj.weight"] = torch.cat([half[0] for half in halves], 0)
            tensors[to + "mlp.up_proj.weight"] = torch.cat([half[1] for half in halves], 0)
            tensors[to + "mlp.down_proj.weight"] = joined(stage, at + "mlp.linear_fc2.weight", 1)
            local += 1
            layer += 1
    tensors["model.norm.weight"] = shards[(0, pp - 1)]["decoder.final_layernorm.weight"]
    if not config.get("tie_word_embeddings", False):
        tensors["lm_head.weight"] = joined(pp - 1, "output_layer.weight", 0)[:vocab]
    return tensors


def main():
    mcore, hf = sys.argv[1:3]
    stand_in_for_megatron()
    with open(os.path.join(hf, "config.json")) as file:
        config = json.load(file)
    expected = expected_hf(read_shards(mcore), config)
    actual = read_hf(hf)
    different = sorted(set(expected) ^ set(actual))
    for name in sorted(set(expected) & set(actual)):
        a, b = expected[name], actual[name]
        if a.dtype != b.dtype or a.shape != b.shape or not torch.equal(a, b):
            different.append(name)
    print(json.dumps({"tensors": len(actual), "different": different}))
    sys.exit(1 if different else 0)


main()
