#!/usr/bin/python3
"""Trains the tokenizer of the sample model on the sample dataset.

Writes `tokenizer.model` (SentencePiece BPE with byte fallback, laid out like Llama 2's), the `tokenizer.json` that the
Hugging Face tools make of such a model, and the two small files that name the special tokens.

Needs Debian's python3-sentencepiece:  /usr/bin/python3 scripts/train-sample-tokenizer.py
"""

import io
import json
import pathlib
import string

import sentencepiece

ROOT = pathlib.Path(__file__).resolve().parent.parent / 'resources' / 'sample'
DATASET = ROOT / 'dataset' / 'alpaca-sample.json'
OUTPUT = ROOT / 'tokenizer'
VOCABULARY = 1024

# The prompt formats are part of every sample, so that their marks should become few tokens.
TEMPLATES = (
    '[INST] {} [/INST]',
    '[INST] <<SYS>>\nYou are a helpful assistant.\n<</SYS>>\n\n{} [/INST]',
    '### Instruction:\n{}\n\n### Response:\n',
    'Human: {}\nAssistant:',
)


def corpus():
    for row in json.loads(DATASET.read_text('utf-8')):
        user = '\n'.join(part for part in (row['instruction'], row['input']) if part)
        # Twice as they are and once in a prompt, so that the answers weigh more than the marks around the questions.
        yield from (user, row['output'], TEMPLATES[0].format(user), row['output'])
    for template in TEMPLATES:
        for _ in range(20):
            yield template.format('')
    # Every printable ASCII character becomes a piece, so that free text does not fall back to bytes.
    yield string.digits + string.ascii_letters + string.punctuation


def train():
    # Fed and read in memory: with files the model would hold their temporary paths and differ from run to run.
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for block in corpus() for line in block.split('\n') if line),
        model_writer=model,
        model_type='bpe',
        vocab_size=VOCABULARY,
        character_coverage=1.0,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name='identity',
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        add_dummy_prefix=True,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def merges_of(processor, vocabulary):
    """The pairs of pieces that form another piece, best score first, as a Hugging Face BPE model wants them."""
    merges = []
    for piece, index in vocabulary.items():
        if processor.is_control(index) or processor.is_unknown(index) or processor.is_byte(index):
            continue
        pairs = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        pairs = [(left, right) for left, right in pairs if left in vocabulary and right in vocabulary]
        pairs.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        merges.extend((-processor.get_score(index), pair) for pair in pairs)
    return [' '.join(pair) for _, pair in sorted(merges, key=lambda merge: merge[0])]


def fast_tokenizer(processor):
    vocabulary = {processor.id_to_piece(index): index for index in range(processor.get_piece_size())}
    special = {'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': True}
    return {
        'version': '1.0',
        'truncation': None,
        'padding': None,
        'added_tokens': [{'id': index, 'content': text, **special} for index, text in enumerate(SPECIAL)],
        'normalizer': {
            'type': 'Sequence',
            'normalizers': [
                {'type': 'Prepend', 'prepend': '▁'},
                {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'},
            ],
        },
        'pre_tokenizer': None,
        'post_processor': {
            'type': 'TemplateProcessing',
            'single': [{'SpecialToken': {'id': '<s>', 'type_id': 0}}, {'Sequence': {'id': 'A', 'type_id': 0}}],
            'pair': [
                {'SpecialToken': {'id': '<s>', 'type_id': 0}},
                {'Sequence': {'id': 'A', 'type_id': 0}},
                {'SpecialToken': {'id': '<s>', 'type_id': 1}},
                {'Sequence': {'id': 'B', 'type_id': 1}},
            ],
            'special_tokens': {'<s>': {'id': '<s>', 'ids': [1], 'tokens': ['<s>']}},
        },
        'decoder': {
            'type': 'Sequence',
            'decoders': [
                {'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '},
                {'type': 'ByteFallback'},
                {'type': 'Fuse'},
                {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0},
            ],
        },
        'model': {
            'type': 'BPE',
            'dropout': None,
            'unk_token': '<unk>',
            'continuing_subword_prefix': None,
            'end_of_word_suffix': None,
            'fuse_unk': True,
            'byte_fallback': True,
            'ignore_merges': False,
            'vocab': vocabulary,
            'merges': merges_of(processor, vocabulary),
        },
    }


SPECIAL = ('<unk>', '<s>', '</s>')


def write_json(name, value):
    (OUTPUT / name).write_text(json.dumps(value, ensure_ascii=False, indent=2) + '\n', 'utf-8')


def main():
    model = train()
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / 'tokenizer.model').write_bytes(model)
    write_json('tokenizer.json', fast_tokenizer(processor))
    added = {'lstrip': False, 'normalized': False, 'rstrip': False, 'single_word': False}
    names = dict(zip(('unk_token', 'bos_token', 'eos_token'), SPECIAL))
    write_json('special_tokens_map.json', {key: {'content': text, **added} for key, text in names.items()})
    write_json(
        'tokenizer_config.json',
        {
            'add_bos_token': True,
            'add_eos_token': False,
            'added_tokens_decoder': {
                str(index): {'content': text, **added, 'special': True} for index, text in enumerate(SPECIAL)
            },
            **names,
            'clean_up_tokenization_spaces': False,
            'legacy': False,
            'model_max_length': 512,
            'pad_token': None,
            'tokenizer_class': 'LlamaTokenizer',
        },
    )
    print(f'{processor.get_piece_size()} pieces written to {OUTPUT}')


if __name__ == '__main__':
    main()
