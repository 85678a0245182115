#!/usr/bin/env python3
"""Trains the service model on train.ndjson and says how good it is on heldout.ndjson.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python examples/service/train.py

Writes service.pt (TorchScript, with its signature inside as rk.json) and expected.ndjson: the
model's own answers to the held-out messages, computed one at a time. Two runs on one machine give the
same weights and the same answers.

With --parts it also writes text.pt and intents.pt2, compiled for this machine's CPU: see the README.
"""

import json
import sys
from pathlib import Path
from typing import List, Tuple

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from torchscript import save

HERE = Path(__file__).parent

# Chosen by five-fold cross-validation on the training questions alone.
LONGEST = 3
BUCKETS = 4096
WEIGHT_DECAY = 5e-6

# A message that is less like any question of its intent gets no answer, in its language.
UNSURE = 0.4
NO_ANSWER = ["I do not know. A colleague of mine will answer you.", "这个我不知道。我的同事会回复您。"]
CHINESE = 0xE4 * 64 * 64  # characters from here on, see letters_of


@torch.jit.script
def letters_of(text: str) -> List[int]:
    """A number for each character, with a space before the first and after the last. ASCII letters are
    small ones, and what is neither letter nor digit there is a space.

    TorchScript sees the bytes of UTF-8: a byte 10xxxxxx goes on with the character before it.
    """
    letters = [32]
    for one in text:
        byte = ord(one)
        if byte >= 128 and byte < 192:
            letters[-1] = letters[-1] * 64 + byte - 128
        elif byte >= 65 and byte <= 90:
            letters.append(byte + 32)
        elif byte >= 192 or (byte >= 97 and byte <= 122) or (byte >= 48 and byte <= 57):
            letters.append(byte)
        else:
            letters.append(32)
    letters.append(32)
    return letters


@torch.jit.script
def buckets_of(text: str, longest: int, buckets: int) -> Tensor:
    """The places of a text's n-grams of 1 to `longest` characters in a table, i64, each once, ascending."""
    letters = torch.tensor(letters_of(text))
    hashes = letters
    found = [hashes % buckets]
    for n in range(1, longest):
        hashes = (hashes[:-1] * 8191 + letters[n:]) % 1000003
        found.append(hashes % buckets)
    return torch.unique(torch.cat(found))


class ServiceModel(nn.Module):
    """Messages in, intents and replies out.

    A message is the set of its n-grams. Their weights make the intents' probabilities; the reply is the
    answer to that question of the likeliest intent which has most in common with the message: the cosine
    of the two sets, each n-gram counting as in search engines (idf). Each message is computed by itself,
    in float64, and rounded once: it gets the same answer in any batch.
    """

    def __init__(self, intents: List[str], records):
        super().__init__()
        self.longest = LONGEST
        self.buckets = BUCKETS
        self.unsure = UNSURE
        self.chinese = CHINESE
        self.no_answer: List[str] = NO_ANSWER
        self.replies: List[str] = [record["reply"] for record in records]
        questions = [buckets_of(record["text"], LONGEST, BUCKETS) for record in records]
        frequency = torch.bincount(torch.cat(questions), minlength=BUCKETS)
        self.register_buffer("idf", torch.log((1.0 + len(records)) / (1.0 + frequency)).float())
        # All questions' n-grams one after the other: those of question q are from starts[q] to starts[q+1].
        self.register_buffer("ngrams", torch.cat(questions).to(torch.int16))
        self.register_buffer("starts", torch.tensor([0] + [len(one) for one in questions]).cumsum(0))
        self.register_buffer("lengths", torch.stack([self.length_of(one) for one in questions]))
        # The questions of intent i are those from first[i] to first[i+1].
        numbers = torch.tensor([intents.index(record["intent"]) for record in records])
        self.first: List[int] = [0] + torch.bincount(numbers).cumsum(0).tolist()
        weights, bias = self.fit(questions, numbers)
        self.register_buffer("weights", (self.idf.unsqueeze(1) * weights).half())
        self.register_buffer("bias", bias)

    @torch.jit.unused
    def fit(self, questions: List[Tensor], numbers: Tensor) -> Tuple[Tensor, Tensor]:
        """Multinomial logistic regression: weights f64[BUCKETS,K] of weighted n-grams, and a bias f64[K]."""
        rows = torch.zeros(len(questions), BUCKETS, dtype=torch.float64)
        for row, ngrams in zip(rows, questions):
            row[ngrams] = self.weight_of(ngrams) / self.length_of(ngrams)
        count = int(numbers.max()) + 1
        weights = torch.zeros(BUCKETS, count, dtype=torch.float64, requires_grad=True)
        bias = torch.zeros(count, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([weights, bias], max_iter=60, line_search_fn="strong_wolfe")

        def loss():
            optimizer.zero_grad()
            value = nn.functional.cross_entropy(rows @ weights + bias, numbers)
            value = value + WEIGHT_DECAY * weights.square().sum()
            value.backward()
            return value

        optimizer.step(loss)
        return weights.detach(), bias.detach()

    def weight_of(self, ngrams: Tensor) -> Tensor:
        return self.idf.index_select(0, ngrams).double()

    def length_of(self, ngrams: Tensor) -> Tensor:
        return self.weight_of(ngrams).square().sum().sqrt()

    def score(self, ngrams: Tensor) -> Tensor:
        """The intents' log-odds, f64[K], of a message's n-grams i64[N]."""
        return self.weights.index_select(0, ngrams).double().sum(0) / self.length_of(ngrams) + self.bias

    def nearest(self, ngrams: Tensor, first: int, last: int) -> Tuple[int, float]:
        """Of the questions from `first` to `last` the one that is most like those n-grams, and how much,
        0 to 1."""
        shared = torch.zeros(self.buckets, dtype=torch.float64)
        shared[ngrams] = self.weight_of(ngrams).square()
        begin = self.starts[first]
        theirs = self.ngrams[int(begin):int(self.starts[last])].int()
        sums = nn.functional.pad(shared.index_select(0, theirs).cumsum(0), [1, 0])
        ends = sums.index_select(0, self.starts[first:last + 1] - begin)
        cosines = (ends[1:] - ends[:-1]) / (self.lengths[first:last] * self.length_of(ngrams))
        best = int(cosines.argmax())
        return first + best, float(cosines[best])

    def forward(self, texts: List[str]) -> Tuple[Tensor, Tensor, List[str], Tensor]:
        """Messages -> probabilities f32[B,K] of the intents, the largest f32[B], replies, and how much like
        its question each message is f32[B]."""
        probabilities: List[Tensor] = []
        replies: List[str] = []
        similarities: List[float] = []
        for text in texts:
            ngrams = buckets_of(text, self.longest, self.buckets)
            probability = torch.softmax(self.score(ngrams), 0)
            intent = int(probability.argmax())
            question, similarity = self.nearest(ngrams, self.first[intent], self.first[intent + 1])
            probabilities.append(probability.float())
            similarities.append(similarity)
            if similarity >= self.unsure:
                replies.append(self.replies[question])
            else:
                replies.append(self.no_answer[int(max(letters_of(text)) >= self.chinese)])
        rows = torch.stack(probabilities)
        return rows, rows.max(1).values, replies, torch.tensor(similarities)


class Text(nn.Module):
    """The part of it that strings go into: messages -> their n-grams, f32[B,BUCKETS]."""

    def __init__(self, model: ServiceModel):
        super().__init__()
        self.longest = LONGEST
        self.buckets = BUCKETS
        self.register_buffer("idf", model.idf)

    def forward(self, texts: List[str]) -> Tensor:
        rows = torch.zeros(len(texts), self.buckets)
        for row, text in enumerate(texts):
            ngrams = buckets_of(text, self.longest, self.buckets)
            rows[row, ngrams] = 1 / self.idf.index_select(0, ngrams).square().sum().sqrt()
        return rows


class Intents(nn.Module):
    """The part that is nothing but tensors: n-grams f32[B,BUCKETS] -> probabilities f32[B,K], the largest."""

    def __init__(self, model: ServiceModel):
        super().__init__()
        self.register_buffer("weights", model.weights.float())
        self.register_buffer("bias", model.bias.float())

    def forward(self, ngrams: Tensor) -> Tuple[Tensor, Tensor]:
        probabilities = torch.softmax(ngrams @ self.weights + self.bias, 1)
        return probabilities, probabilities.max(1).values


def read_ndjson(name):
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def signature(spec, outputs, labels):
    return json.dumps({
        "inputs": [{"name": spec.partition(":")[0], "spec": spec}],
        "outputs": [{"name": output} for output in outputs],
        "labels": labels,
    })


def save_parts(model, intents):
    save(Text(model), HERE / "text.pt", signature("text:str", ["ngrams"], []))
    about = signature(f"@ngrams:f32[{BUCKETS}]", ["intent:argmax", "confidence"], intents)
    batch = torch.export.Dim("B", min=1, max=1024)
    exported = torch.export.export(Intents(model), (torch.zeros(2, BUCKETS),), dynamic_shapes=({0: batch},))
    torch._inductor.aoti_compile_and_package(exported, package_path=str(HERE / "intents.pt2"), inductor_configs={
        "aot_inductor.metadata": {"rk.json": about},
        "aot_inductor.use_consts_asm_build": False})


def answers(model, intents, messages):
    """The model's answers, each message alone in its call."""
    result = []
    for message in messages:
        probabilities, confidence, replies, similarity = model([message["text"]])
        result.append({
            "id": message["id"],
            "intent": intents[int(probabilities[0].argmax())],
            # Nine digits read back as the same float32.
            "confidence": float(f"{confidence.item():.9g}"),
            "reply": replies[0],
            "similarity": float(f"{similarity.item():.9g}"),
        })
    return result


def report(replies, outcomes):
    for language in "en", "zh":
        pairs = [(r["intent"], o["intent"]) for r, o in zip(replies, outcomes, strict=True)
                 if r["id"].startswith(language)]
        right = sum(ours == intent for ours, intent in pairs)
        most = max(sum(intent == one for _, intent in pairs) for _, one in pairs)
        print(f"{language}: {len(pairs)} messages, intents right: {right}, {right / len(pairs):.1%}; "
              f"always the most frequent: {most}, {most / len(pairs):.1%}")
    print(f"without an answer: {sum(r['reply'] in NO_ANSWER for r in replies)}")


def main():
    torch.set_num_threads(1)
    records = read_ndjson("train.ndjson")
    intents = list(dict.fromkeys(record["intent"] for record in records))
    records.sort(key=lambda record: intents.index(record["intent"]))
    trained = ServiceModel(intents, records).eval()
    save(trained, HERE / "service.pt",
         signature("text:str", ["intent:argmax", "confidence", "reply", "similarity"], intents))
    if "--parts" in sys.argv:
        save_parts(trained, intents)
    model = torch.jit.load(str(HERE / "service.pt"))
    replies = answers(model, intents, read_ndjson("heldout.ndjson"))
    lines = "".join(json.dumps(reply, ensure_ascii=False) + "\n" for reply in replies)
    (HERE / "expected.ndjson").write_text(lines, encoding="utf-8", newline="\n")
    report(replies, read_ndjson("heldout_intents.ndjson"))


if __name__ == "__main__":
    main()
