#!/usr/bin/env python3
"""Makes the events of a shop that does not exist, with a structure that is known.

    python3 generate.py       # writes heldout.ndjson, heldout_next.ndjson and popular.json here

The shop has 1,000 items in 20 departments, each popular by Zipf's law. A user has a taste: two
departments. A session is in one of them; its next item is one of three that go with the item before
(40%), another one of the department (50%), or anything (10%). What was bought is followed by the
department of its accessories, which is the next one: so what was done with an item matters, not
only which it was.

Needs nothing but Python's standard library, and gives the same bytes on every machine.
"""

import json
import random
from itertools import accumulate
from pathlib import Path

HERE = Path(__file__).parent

ITEMS = 1000  # numbered from 1; 0 is none
DEPARTMENTS = 20
RECENT = 12  # how many items an event carries
ACTIONS = ["view", "cart", "buy"]  # numbered from 1; 0 is none
SESSION_EVENTS = 10
TRAINING_USERS = 8000
HELDOUT_USERS = 100
HELDOUT_EVENTS = 5  # of each session, as evenly as they come


class Shop:
    """Its items, how popular they are, and what goes with what."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        ranks = list(range(1, ITEMS + 1))
        self.random.shuffle(ranks)
        self.weight = dict(zip(range(1, ITEMS + 1), (1.0 / rank for rank in ranks)))
        self.departments = [self.pick_list(range(d + 1, ITEMS + 1, DEPARTMENTS)) for d in range(DEPARTMENTS)]
        self.everything = self.pick_list(range(1, ITEMS + 1))
        self.goes_with = {item: [self.pick(self.departments[(item - 1) % DEPARTMENTS]) for _ in range(3)]
                          for item in range(1, ITEMS + 1)}

    def pick_list(self, items):
        return list(items), list(accumulate(self.weight[item] for item in items))

    def pick(self, pick_list):
        items, cumulated = pick_list
        return self.random.choices(items, cum_weights=cumulated)[0]

    def next_item(self, department, before):
        chance = self.random.random()
        if chance < 0.1:
            return self.pick(self.everything)
        if chance < 0.5 and before and (before - 1) % DEPARTMENTS == department:
            return self.random.choice(self.goes_with[before])
        return self.pick(self.departments[department])

    def session(self):
        """Pairs (item, number of the action): no item comes twice."""
        taste = self.random.sample(range(DEPARTMENTS), 2)
        department = taste[0] if self.random.random() < 0.7 else taste[1]
        events, seen, before = [], set(), 0
        while len(events) < SESSION_EVENTS:
            item = self.next_item(department, before)
            if item in seen:
                before = 0
                continue
            action = self.random.choices([1, 2, 3], [70, 20, 10])[0]
            if action == 3:
                department = (department + 1) % DEPARTMENTS
            events.append((item, action))
            seen.add(item)
            before = item
        return events


def sessions():
    """Those to train on, and the held-out ones: of other users, later."""
    shop = Shop(seed=1)
    return ([shop.session() for _ in range(TRAINING_USERS)], [shop.session() for _ in range(HELDOUT_USERS)])


def recent(events):
    """The last ones, oldest first, with zeros before them where there are fewer."""
    last = [(0, 0)] * RECENT + events
    items, actions = zip(*last[-RECENT:])
    return {"items": list(items), "actions": list(actions)}


def heldout_events(heldout):
    """Each session's events as a shop would send them, and the item that came next."""
    events, following = [], []
    for count in range(1, SESSION_EVENTS, SESSION_EVENTS // HELDOUT_EVENTS):
        for number, session in enumerate(heldout):
            item, action = session[count - 1]
            identity = {"user": f"u{number:03d}", "event_number": count}
            events.append({**identity, "event": ACTIONS[action - 1], "item": item, "recent": recent(session[:count])})
            following.append({**identity, "next": session[count][0]})
    return events, following


def write_ndjson(name, records):
    text = "".join(json.dumps(record) + "\n" for record in records)
    (HERE / name).write_text(text, encoding="ascii", newline="\n")
    print(f"{name}: {len(records)} records")


def main():
    training, heldout = sessions()
    events, following = heldout_events(heldout)
    write_ndjson("heldout.ndjson", events)
    write_ndjson("heldout_next.ndjson", following)
    times = [0] * (ITEMS + 1)
    for session in training:
        for item, _ in session:
            times[item] += 1
    popular = sorted(range(1, ITEMS + 1), key=lambda item: (-times[item], item))
    (HERE / "popular.json").write_text(json.dumps(popular[:10 + RECENT]) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
