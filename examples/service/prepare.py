#!/usr/bin/env python3
"""Takes questions and answers out of the package chatterbot-corpus: writes train.ndjson, heldout.ndjson
and heldout_intents.ndjson here.

    python3 -m venv build/venv && build/venv/bin/pip install chatterbot-corpus==1.3.3 pyyaml==6.0.3
    build/venv/bin/python examples/service/prepare.py

A file of the corpus is a topic, which is the intent; the first two lines of a conversation are a
question and its answer. Of each four questions of a topic in a language the first three are for training
and the fourth is held out; two that differ in case and punctuation alone are one question.
"""

import importlib.util
import json
from pathlib import Path

import yaml

HERE = Path(__file__).parent

LANGUAGES = {"en": "english", "zh": "chinese"}
# A question that several have is of the first one.
INTENTS = ["greetings", "ai", "botprofile", "emotion", "history", "literature", "money", "movies", "politics",
           "science", "sports", "tech_support", "trivia", "conversations"]
CONVERSATIONS = 10  # of each language, that go on side by side


def normal(text):
    return "".join(one for one in text.lower() if one.isalnum())


def one_line(text):
    return " ".join(str(text).split())


def questions(file, seen):
    """The questions of a file that are not in `seen`, each with its first answer."""
    found = []
    for conversation in yaml.safe_load(file.read_text(encoding="utf-8"))["conversations"]:
        if not isinstance(conversation, list) or len(conversation) < 2:
            continue  # one line of the corpus is a question alone
        question, answer = map(one_line, conversation[:2])
        if normal(question) not in seen:
            seen.add(normal(question))
            found.append((question, answer))
    return found


def write_ndjson(name, records):
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (HERE / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{name}: {len(records)} records")


def main():
    package = importlib.util.find_spec("chatterbot_corpus").submodule_search_locations[0]
    train, heldout, outcomes = [], [], []
    for language, folder in LANGUAGES.items():
        seen, count = set(), 0
        for intent in INTENTS:
            file = Path(package) / "data" / folder / f"{intent}.yml"
            pairs = questions(file, seen) if file.exists() else []
            for number, (question, answer) in enumerate(pairs):
                if number % 4 < 3:
                    train.append({"text": question, "intent": intent, "language": language, "reply": answer})
                    continue
                id_ = f"{language}-{intent}-{number}"
                heldout.append({"id": id_, "conversation": f"{language}-{count % CONVERSATIONS}",
                                "turn": count // CONVERSATIONS, "text": question})
                outcomes.append({"id": id_, "intent": intent})
                count += 1
    write_ndjson("train.ndjson", train)
    write_ndjson("heldout.ndjson", heldout)
    write_ndjson("heldout_intents.ndjson", outcomes)


if __name__ == "__main__":
    main()
