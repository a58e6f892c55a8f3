"""Tiny models of each family, the same on every run: tensors by neutral names, and their config.json."""
import torch

LLAMA = dict(style='llama', layers=4, bias=False, tied=False)
FAMILIES = {
    'llama2': dict(LLAMA, arch='LlamaForCausalLM', kind='llama', hidden=32, ffn=48, heads=4, kv=4, dtype='fp16'),
    'llama2-gqa': dict(LLAMA, arch='LlamaForCausalLM', kind='llama', hidden=64, ffn=48, heads=8, kv=2, dtype='fp16'),
    'qwen1.5': dict(LLAMA, arch='Qwen2ForCausalLM', kind='qwen2', hidden=32, ffn=40, heads=4, kv=4, dtype='bf16', bias=True),
    'qwen1.5-tied': dict(
        LLAMA, arch='Qwen2ForCausalLM', kind='qwen2', hidden=32, ffn=40, heads=4, kv=4, dtype='fp32', bias=True, tied=True
    ),
    'mistral': dict(LLAMA, arch='MistralForCausalLM', kind='mistral', hidden=48, ffn=56, heads=6, kv=2, dtype='bf16'),
    'telechat2': dict(
        style='telechat', layers=4, arch='TelechatForCausalLM', kind='telechat', hidden=32, ffn=40, heads=4, kv=2,
        dtype='fp32', bias=False, tied=False,
    ),
}
VOCAB = 102
DTYPES = {'fp16': torch.float16, 'bf16': torch.bfloat16, 'fp32': torch.float32}


def model_of(family):
    """{neutral name: tensor}; q, k, v are apart, whatever the family stores."""
    numbers = FAMILIES[family]
    generator = torch.Generator().manual_seed(sorted(FAMILIES).index(family) + 1)
    hidden, ffn, head = numbers['hidden'], numbers['ffn'], numbers['hidden'] // numbers['heads']
    keys = numbers['kv'] * head
    shapes = {'embedding': (VOCAB, hidden)}
    for layer in range(numbers['layers']):
        at = '%d.' % layer
        shapes.update({at + 'norm1': (hidden,), at + 'q': (hidden, hidden), at + 'k': (keys, hidden), at + 'v': (keys, hidden)})
        if numbers['bias']:
            shapes.update({at + 'q.bias': (hidden,), at + 'k.bias': (keys,), at + 'v.bias': (keys,)})
        shapes.update({at + 'o': (hidden, hidden), at + 'norm2': (hidden,)})
        shapes.update({at + 'gate': (ffn, hidden), at + 'up': (ffn, hidden), at + 'down': (hidden, ffn)})
        if numbers['style'] == 'telechat':
            shapes.update({at + 'o.bias': (hidden,), at + 'down.bias': (hidden,)})
    shapes['norm'] = (hidden,)
    if not numbers['tied']:
        shapes['head'] = (VOCAB, hidden)
    dtype = DTYPES[numbers['dtype']]
    return {name: torch.randn(shape, generator=generator).to(dtype) for name, shape in shapes.items()}


def config_of(family):
    numbers = FAMILIES[family]
    common = {
        'architectures': [numbers['arch']], 'model_type': numbers['kind'], 'hidden_size': numbers['hidden'],
        'num_key_value_heads': numbers['kv'], 'vocab_size': VOCAB, 'tie_word_embeddings': numbers['tied'],
        'torch_dtype': {'fp16': 'float16', 'bf16': 'bfloat16', 'fp32': 'float32'}[numbers['dtype']],
    }
    if numbers['style'] == 'telechat':
        return dict(
            common, n_layer=numbers['layers'], n_head=numbers['heads'], ffn_hidden_size=numbers['ffn'], seq_length=64,
            layer_norm_epsilon=1e-5,
        )
    return dict(
        common, num_hidden_layers=numbers['layers'], num_attention_heads=numbers['heads'], rms_norm_eps=1e-5,
        intermediate_size=numbers['ffn'], max_position_embeddings=64, rope_theta=10000.0, hidden_act='silu',
    )


def interleave(parts, groups):
    """Rows of each part in `groups` equal blocks, block 0 of all parts first."""
    blocks = [part.reshape(groups, part.shape[0] // groups, *part.shape[1:]) for part in parts]
    return torch.cat(blocks, dim=1).flatten(0, 1)


def stored_names(family, model, names):
    """A family's tensors under the names of Hugging Face ('hf') or MindFormers ('mindspore')."""
    numbers, tensors = FAMILIES[family], {}
    telechat, hf = numbers['style'] == 'telechat', names == 'hf'
    layer_at = ('transformer.h.%d.' if telechat else 'model.layers.%d.') if hf else 'model.layers.%d.'
    if hf:
        attention = 'self_attention.' if telechat else 'self_attn.'
        norm1, norm2 = 'input_layernorm', 'post_attention_layernorm'
        gate, up, down = 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'
        q, k, v, o = ('query', '', '', 'dense') if telechat else ('q_proj', 'k_proj', 'v_proj', 'o_proj')
        both = 'key_value'
        embedding = 'transformer.word_embeddings.weight' if telechat else 'model.embed_tokens.weight'
        norm = 'transformer.ln_f.weight' if telechat else 'model.norm.weight'
    else:
        attention, norm1, norm2 = 'attention.', 'attention_norm', 'ffn_norm'
        gate, up, down = 'feed_forward.w1', 'feed_forward.w3', 'feed_forward.w2'
        q, k, v, o, both = 'wq', 'wk', 'wv', 'wo', 'wk_v'
        embedding, norm = 'model.tok_embeddings.embedding_weight', 'model.norm_out.weight'
    tensors[embedding] = model['embedding']
    for layer in range(numbers['layers']):
        at, to = '%d.' % layer, layer_at % layer
        tensors[to + norm1 + '.weight'] = model[at + 'norm1']
        tensors[to + attention + q + '.weight'] = model[at + 'q']
        if telechat:
            pair = interleave([model[at + 'k'], model[at + 'v']], numbers['kv'])
            tensors[to + attention + both + '.weight'] = pair
        else:
            tensors[to + attention + k + '.weight'] = model[at + 'k']
            tensors[to + attention + v + '.weight'] = model[at + 'v']
        for name, part in ((q, 'q'), (k, 'k'), (v, 'v'), (o, 'o')):
            if at + part + '.bias' in model:
                tensors[to + attention + name + '.bias'] = model[at + part + '.bias']
        tensors[to + attention + o + '.weight'] = model[at + 'o']
        tensors[to + norm2 + '.weight'] = model[at + 'norm2']
        for name, part in ((gate, 'gate'), (up, 'up'), (down, 'down')):
            tensors[to + name + '.weight'] = model[at + part]
            if at + part + '.bias' in model:
                tensors[to + name + '.bias'] = model[at + part + '.bias']
    tensors[norm] = model['norm']
    if 'head' in model:
        tensors['lm_head.weight'] = model['head']
    return tensors
