"""What is made of figures: medians, ratios, wants, and the file that keeps them."""

import json
import os
import statistics


def ratio(ours, theirs):
    """The median of the rounds' ratios, of as many rounds as both have."""
    return statistics.median(a / b for a, b in zip(ours, theirs))


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def want(what, got, bound, sign):
    """`got` is None where a peer was not measured: that holds for nothing and misses nothing."""
    holds = None if got is None else (got >= bound if sign == ">=" else got <= bound)
    return {"what": what, "got": got, "sign": sign, "bound": bound, "holds": holds}


def at_least(what, got, bound):
    return want(what, got, bound, ">=")


def at_most(what, got, bound):
    return want(what, got, bound, "<=")


def missed(results):
    return [one for result in results for one in result["wanted"] if one["holds"] is False]


def short(number):
    """Three digits that count, or all before the point."""
    if number is None:
        return "–"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.2f}" if abs(number) < 10 else f"{number:.1f}"


def print_result(name, result):
    print(f"\n{name}, {result['unit']}")
    for way, found in result["ways"].items():
        ratio_to = result.get("ratios", {}).get(way)
        note = f"   rk: {short(ratio_to)} times" if ratio_to is not None else ""
        print(f"  {way:16} median {short(found['median']):>10}  least {short(found['least']):>10}  most "
              f"{short(found['most']):>10}  of {found['rounds']}{note}")
    verdicts = {True: "holds", False: "MISSED", None: "not measured"}
    for one in result["wanted"]:
        wanted = f"{one['sign']} {short(one['bound'])}"
        print(f"  {one['what']}: {short(one['got'])} (wanted: {wanted}) {verdicts[one['holds']]}")
    print(flush=True)


def load(path):
    if not os.path.exists(path):
        return {"cases": {}}
    with open(path) as file:
        return json.load(file)


def merge(path, case, result, about):
    """Puts a case's result into the file beside those of other cases; `about` is kept with it."""
    everything = load(path)
    everything["cases"][case] = {**about, **result}
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w") as file:
        json.dump(everything, file, indent=1)
    os.replace(path + ".new", path)
