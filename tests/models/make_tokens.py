#!/usr/bin/env python3
"""Makes tokens/: tokenizers of three kinds, texts, and what Hugging Face's tokenizers makes of these.

    python3 -m venv build/venv && build/venv/bin/pip install tokenizers==0.23.3
    build/venv/bin/python tests/models/make_tokens.py

By hand, when a tokenizer changes: what it makes is checked in, and no test needs Python's tokenizers.
"""

import json
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent
FOLDER = HERE / "tokens"
LENGTH = 32  # what tests/cli/rk-infer-tokens.test gives
EVENTS = HERE.parents[1] / "examples/service/train.ndjson"

CHINESE = "我的订单还没有发货，请帮我查一下。退款需要多长时间？"
TEXTS = [
    "Where is my order?", "  two  spaces\tand a tab\n", "", " ", "naïve café, ÀÉÎÕÜ", "I'd like 3.50 € back!!!",
    CHINESE, "mixed 订单 with words", "emoji 😀👍🏽 and a family 👨‍👩‍👧‍👦", "[CLS] special [SEP] tokens </s> <pad> in a text",
    "a" * 300, "word " * 500, CHINESE * 40, "nul \u0000 and bell \u0007, zero\u200bwidth, bidi \u202e text",
    "\ufeffa mark, and \ufffd", "ﬁne ﬂuﬀy ligatures ½ ² Ⅷ", "हिन्दी और العربية ו עברית ไทย 한국어 日本語カタカナ",
    "e\u0301 combined, and \u1e9b\u0323", "\U0001d4d7\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8", "'quotes' \"double\" `back`",
    "https://example.com/path?query=1&other=2#top", "0123456789 1,234,567.89", "ALL CAPS and CamelCase snake_case",
    "unknownglyph \u2603\u2604\u2605 snow", "line\r\nends\u2028here", "x", "##ing ##s", "🏳️‍🌈🇩🇪",
]


def texts():
    events = [json.loads(line) for line in EVENTS.read_bytes().splitlines()]
    return [event["text"] for event in events if event["language"] == "en"]


def bert():
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator([*texts(), CHINESE], trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    cls, sep = (made.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    made.decoder = decoders.WordPiece()
    made.enable_padding(length=64)  # as models come: a length of its own, which is not that of the call
    made.enable_truncation(48)
    return made


def bpe():
    """Bytes, as GPT-2 and RoBERTa have them; padded on the left, as what generates is."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(texts(), trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    made.enable_padding(direction="left", pad_id=1, pad_token="<pad>")
    return made


def unigram():
    """As SentencePiece has it; without padding of its own."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.train_from_iterator([*texts(), CHINESE], trainers.UnigramTrainer(
        vocab_size=500, special_tokens=["<unk>", "<pad>", "</s>"], unk_token="<unk>", show_progress=False))
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", made.token_to_id("</s>"))])
    return made


def expected(file, pairs):
    """As a call that has all the texts gets them."""
    tokenizer = Tokenizer.from_file(str(file))
    own = tokenizer.padding or {"pad_id": tokenizer.token_to_id("<pad>")}
    tokenizer.enable_padding(**{**own, "length": None})
    tokenizer.enable_truncation(LENGTH)
    made = tokenizer.encode_batch([(text, other) for text, other in zip(TEXTS, reversed(TEXTS))] if pairs else TEXTS)
    return [{"ids": one.ids, "mask": one.attention_mask, "types": one.type_ids} for one in made]


FOLDER.mkdir(exist_ok=True)
lines = [{"text": text, "other": other} for text, other in zip(TEXTS, reversed(TEXTS))]
(FOLDER / "texts.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
for name, make in ("bert", bert), ("bpe", bpe), ("unigram", unigram):
    make().save(str(FOLDER / f"{name}.json"), pretty=False)
    for kind in "one", "two":
        answers = expected(FOLDER / f"{name}.json", kind == "two")
        (FOLDER / f"{name}-{kind}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in answers))
