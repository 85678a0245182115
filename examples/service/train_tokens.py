#!/usr/bin/env python3
"""Trains a service model of tokens on train.ndjson, as ONNX, and says how good it is on heldout.ndjson.

    python3 -m venv build/venv
    build/venv/bin/pip install torch==2.15.0 onnx==1.23.2 onnxruntime==1.31.1 tokenizers==0.23.3
    build/venv/bin/python examples/service/train_tokens.py

Writes tokens.onnx (with its signature in its metadata, rk.json), tokens.json, its tokenizer, and tokens_expected.ndjson:
the answers of both in Python, each message alone. Two runs on one machine give the same weights and answers.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
LENGTH = 64
NO_ANSWER = {"en": "I do not know. A colleague of mine will answer you.", "zh": "这个我不知道。我的同事会回复您。"}

VOCABULARY = 3000
DECAY = 1e-6  # of 1e-6, 1e-5 and 1e-4 the best in five-fold cross-validation on the training questions alone
UNSURE = 0.5  # less like any known question: a person


def read_ndjson(name):
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def train_tokenizer(texts):
    """Pieces of words, and Chinese characters; small letters, without accents and signs."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.Sequence([normalizers.BertNormalizer(), normalizers.Replace(Regex(r"[^\p{L}\p{N}]+"), " ")])
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=["[PAD]", "[UNK]"],
                                                              show_progress=False))
    made.enable_truncation(LENGTH)
    made.enable_padding()
    return made


def bags(tokenizer, texts):
    """Which tokens each text has: f64[N,V]."""
    rows = torch.zeros(len(texts), tokenizer.get_vocab_size(), dtype=torch.float64)
    for row, one in zip(rows, (tokenizer.encode(text) for text in texts)):
        row[one.ids] = 1
    return rows


def normalized(rows):
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-9)


class Model:
    """Tokens count as in search engines (idf). Intents by logistic regression on them; the nearest question by the
    cosine."""

    def __init__(self, tokenizer, records, intents):
        rows = bags(tokenizer, [record["text"] for record in records])
        self.idf = torch.log((1 + len(records)) / (1 + rows.sum(0)))
        numbers = torch.tensor([intents.index(record["intent"]) for record in records])
        self.weights, self.bias = self.fit(normalized(rows * self.idf), numbers, len(intents))
        questions = [row.nonzero().flatten() for row in rows]
        self.questions = torch.nn.utils.rnn.pad_sequence(questions, batch_first=True).to(torch.int16)

    @staticmethod
    def fit(rows, numbers, count):
        weights = torch.zeros(rows.shape[1], count, dtype=torch.float64, requires_grad=True)
        bias = torch.zeros(count, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([weights, bias], max_iter=60, line_search_fn="strong_wolfe")

        def loss():
            optimizer.zero_grad()
            value = torch.nn.functional.cross_entropy(rows @ weights + bias, numbers) + DECAY * weights.square().sum()
            value.backward()
            return value

        optimizer.step(loss)
        return weights.detach(), bias.detach()


def as_onnx(model, records, intents):
    half = {"idf": model.idf, "weights": model.weights, "bias": model.bias}
    node = helper.make_node
    constants = [numpy_helper.from_array(tensor.numpy().astype(np.float16), f"{name}_half") for name, tensor in half.items()]
    constants += [numpy_helper.from_array(np.asarray(value, kind), name) for name, value, kind in (
        ("size", [len(model.idf)], np.int64), ("one", [1], np.int64), ("least", 1e-9, np.float32),
        ("questions", model.questions, np.int16), ("nothing", 0, np.int64), ("needed", UNSURE, np.float32))]
    replies, persons = ([text.encode() for text in texts] for texts in (
        [record["reply"] for record in records], [NO_ANSWER[record["language"]] for record in records]))
    constants += [helper.make_tensor(name, TensorProto.STRING, [len(texts)], texts)
                  for name, texts in (("replies", replies), ("persons", persons))]
    nodes = [node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT) for name in half]

    def unit(ids, real, name):
        """Rows of the vocabulary, the idf where a text has the token, of length 1. Padding is not real."""
        names = {one: f"{name}_{one}" for one in ("rows", "shape", "empty", "counted", "bag", "weighted", "length", "some")}
        return [
            node("Shape", [ids], [names["rows"]], end=1), node("Concat", [names["rows"], "size"], [names["shape"]], axis=0),
            node("ConstantOfShape", [names["shape"]], [names["empty"]],
                 value=helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])),
            node("Cast", [real], [names["counted"]], to=TensorProto.FLOAT),
            node("ScatterElements", [names["empty"], ids, names["counted"]], [names["bag"]], axis=1, reduction="max"),
            node("Mul", [names["bag"], "idf"], [names["weighted"]]),
            node("ReduceL2", [names["weighted"], "one"], [names["length"]], keepdims=1),
            node("Max", [names["length"], "least"], [names["some"]]),
            node("Div", [names["weighted"], names["some"]], [name])]

    nodes += [
        # Computed once, when the model is loaded.
        node("Cast", ["questions"], ["question_ids"], to=TensorProto.INT64),
        node("Greater", ["question_ids", "nothing"], ["question_mask"]), *unit("question_ids", "question_mask", "known"),
        node("Transpose", ["known"], ["known_columns"], perm=[1, 0]),
        *unit("input_ids", "attention_mask", "unit"), node("MatMul", ["unit", "weights"], ["scores"]), node("Add", ["scores", "bias"], ["odds"]),
        node("Softmax", ["odds"], ["intent"], axis=1), node("ReduceMax", ["intent", "one"], ["confidence"], keepdims=0),
        node("MatMul", ["unit", "known_columns"], ["cosines"]), node("ReduceMax", ["cosines", "one"], ["similarity"], keepdims=0),
        node("ArgMax", ["cosines"], ["question"], axis=1, keepdims=0),
        node("Gather", ["replies", "question"], ["known_reply"]), node("Gather", ["persons", "question"], ["person"]),
        node("Less", ["similarity", "needed"], ["is_unsure"]), node("Where", ["is_unsure", "person", "known_reply"], ["reply"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "service", [value(name, TensorProto.INT64, ["B", "length"]) for name in ("input_ids", "attention_mask")],
        [value("intent", TensorProto.FLOAT, ["B", len(intents)]), value("confidence", TensorProto.FLOAT, ["B"]),
         value("reply", TensorProto.STRING, ["B"]), value("similarity", TensorProto.FLOAT, ["B"])], constants)
    made = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)])
    helper.set_model_props(made, {"rk.json": json.dumps({
        "inputs": [{"name": "text", "spec": f"text:tokens[{LENGTH}]"}], "tokenizer": "tokens.json", "labels": intents,
        "outputs": [{"name": name} for name in ("intent:argmax", "confidence", "reply", "similarity")]})})
    onnx.checker.check_model(made, full_check=True)
    (HERE / "tokens.onnx").write_bytes(made.SerializeToString(deterministic=True))


def answers(tokenizer, intents, messages):
    session = onnxruntime.InferenceSession(HERE / "tokens.onnx")
    result = []
    for message in messages:
        made = tokenizer.encode(message["text"])
        given = {"input_ids": np.array([made.ids or [0]]), "attention_mask": np.array([made.attention_mask or [0]])}
        intent, confidence, reply, similarity = session.run(["intent", "confidence", "reply", "similarity"], given)
        result.append({"id": message.get("id"), "intent": intents[int(intent[0].argmax())],
                       "confidence": float(f"{confidence[0]:.9g}"), "reply": reply[0],
                       "similarity": float(f"{similarity[0]:.9g}")})
    return result


def report(replies, outcomes, paraphrased):
    for language in "en", "zh":
        pairs = [(r["intent"], o["intent"]) for r, o in zip(replies, outcomes, strict=True) if r["id"].startswith(language)]
        right = sum(ours == intent for ours, intent in pairs)
        print(f"{language}: {len(pairs)} messages, intents right: {right}, {right / len(pairs):.1%}")
    print(f"without an answer: {sum(r['reply'] in NO_ANSWER.values() for r in replies)}")
    known = {one["text"]: one["reply"] for one in read_ndjson("train.ndjson")}
    counts = {"right": 0, "wrong": 0, "a person": 0, "unknown, a person": 0, "unknown, a reply": 0}
    for line, answer in zip(read_ndjson("paraphrases.ndjson"), paraphrased, strict=True):
        person = answer["reply"] in NO_ANSWER.values()
        if "of" not in line:
            counts["unknown, a person" if person else "unknown, a reply"] += 1
        else:
            counts["a person" if person else "right" if answer["reply"] == known[line["of"]] else "wrong"] += 1
    print("of paraphrases:", counts)


def main():
    torch.set_num_threads(1)
    records = read_ndjson("train.ndjson")
    intents = list(dict.fromkeys(record["intent"] for record in records))
    tokenizer = train_tokenizer([record["text"] for record in records])
    tokenizer.save(str(HERE / "tokens.json"), pretty=False)
    as_onnx(Model(tokenizer, records, intents), records, intents)
    tokenizer.no_padding()
    replies = answers(tokenizer, intents, read_ndjson("heldout.ndjson"))
    (HERE / "tokens_expected.ndjson").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in replies),
                                                 encoding="utf-8", newline="\n")
    report(replies, read_ndjson("heldout_intents.ndjson"), answers(tokenizer, intents, read_ndjson("paraphrases.ndjson")))


if __name__ == "__main__":
    main()
