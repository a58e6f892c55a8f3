"""A Llama decoder in plain PyTorch, double precision: logits, loss and all gradients for tests/oracle/reference.spec.ts.

Usage: reference.py FOLDER; reads FOLDER/case.json and FOLDER/weights.bin (fp32, one parameter after the other) and
writes FOLDER/logits.bin, FOLDER/gradients.bin (fp64) and FOLDER/result.json.
"""
import json
import sys
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F


def rms_norm(x, weight, epsilon):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * weight


def rotary(x, positions, theta):
    """Half-split form, on [tokens, heads, dim]."""
    half = x.shape[-1] // 2
    frequencies = theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = positions[:, None] * frequencies[None, :]
    cos = torch.cat([angles.cos(), angles.cos()], -1)[:, None, :]
    sin = torch.cat([angles.sin(), angles.sin()], -1)[:, None, :]
    rotated = torch.cat([-x[..., half:], x[..., :half]], -1)
    return x * cos + rotated * sin


def linear(x, weights, name, lora):
    y = F.linear(x, weights[name], weights.get(name + ".bias"))
    if name + ".loraA" in weights:
        y = y + lora["alpha"] / lora["rank"] * F.linear(F.linear(x, weights[name + ".loraA"]), weights[name + ".loraB"])
    return y


def forward(ids, w, shape, lora):
    tokens = len(ids)
    heads, groups, dim = shape["heads"], shape["kvGroups"], shape["headDim"]
    positions = torch.arange(tokens, dtype=torch.float64)
    distance = positions[:, None] - positions[None, :]
    hidden_keys = distance < 0
    if "slidingWindow" in shape:
        hidden_keys = hidden_keys | (distance >= shape["slidingWindow"])
    x = F.embedding(torch.tensor(ids), w["embedding"])
    for i in range(shape["layers"]):
        p = f"layers.{i}."
        n = rms_norm(x, w[p + "inputNorm"], shape["normEpsilon"])
        q = rotary(linear(n, w, p + "q", lora).view(tokens, heads, dim), positions, shape["ropeTheta"])
        k = rotary(linear(n, w, p + "k", lora).view(tokens, groups, dim), positions, shape["ropeTheta"])
        v = linear(n, w, p + "v", lora).view(tokens, groups, dim)
        k = k.repeat_interleave(heads // groups, 1)
        v = v.repeat_interleave(heads // groups, 1)
        scores = torch.einsum("qhd,khd->hqk", q, k) / dim**0.5
        attention = torch.softmax(scores.masked_fill(hidden_keys, -torch.inf), -1)
        attended = torch.einsum("hqk,khd->qhd", attention, v).reshape(tokens, heads * dim)
        x = x + linear(attended, w, p + "o", lora)
        n = rms_norm(x, w[p + "postNorm"], shape["normEpsilon"])
        x = x + linear(F.silu(linear(n, w, p + "gate", lora)) * linear(n, w, p + "up", lora), w, p + "down", lora)
    return F.linear(rms_norm(x, w["finalNorm"], shape["normEpsilon"]), w.get("output", w["embedding"]))


def main(folder):
    case = json.loads((folder / "case.json").read_text())
    shape, lora = case["shape"], case.get("lora")
    flat = torch.from_numpy(numpy.fromfile(folder / "weights.bin", dtype="<f4").astype("float64"))
    weights, offset = {}, 0
    for name, size in case["parameters"]:
        count = int(numpy.prod(size))
        weights[name] = flat[offset : offset + count].reshape(size).clone().requires_grad_()
        offset += count
    total, logits, targets = 0.0, [], 0
    for sample in case["samples"]:
        out = forward(sample["ids"], weights, shape, lora)
        labels = torch.tensor(sample["labels"][1:])
        total = total + F.cross_entropy(out[:-1], labels, ignore_index=-100, reduction="sum")
        targets += int((labels != -100).sum())
        logits.append(out[-1].detach())
    loss = total / targets
    loss.backward()
    torch.stack(logits).numpy().tofile(folder / "logits.bin")
    numpy.concatenate([weights[name].grad.numpy().ravel() for name, _ in case["parameters"]]).tofile(
        folder / "gradients.bin"
    )
    (folder / "result.json").write_text(json.dumps({"loss": loss.item()}))


main(Path(sys.argv[1]))
