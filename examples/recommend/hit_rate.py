"""How often the item that came next is among the ten recommended ones, in the held-out sessions."""

import json
from pathlib import Path

HERE = Path(__file__).parent


def read_ndjson(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def name(event):
    return event["user"], event["event_number"]


def hit_rate(recommended):
    """Of records with a user, an event_number and the ids recommended then."""
    following = {name(event): event["next"] for event in read_ndjson(HERE / "heldout_next.ndjson")}
    return sum(following[name(it)] in it["recommended"] for it in recommended) / len(recommended)


def popular_items(events):
    """What a shop without a model would recommend: the ten most popular items of those that the user
    has not just seen."""
    popular = json.loads((HERE / "popular.json").read_text())
    return [{**event, "recommended": [i for i in popular if i not in event["recent"]["items"]][:10]}
            for event in events]
