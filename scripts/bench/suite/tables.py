"""Results as Markdown, and where they stand in a document."""

import re

from suite.report import short

VERDICTS = {True: "yes", False: "**no**", None: "not measured"}


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |\n"


def head(*cells):
    return row(*cells) + "|" + "---|" * len(cells) + "\n"


def of_case(name, result):
    """The figures of one case, and what was wanted of them."""
    checked = sum(run["checked"] for runs in result["runs"].values() for run in runs)
    unit = result["unit"]
    if "memory" in result:
        columns = {"MB": result["memory"], **result.get("beside", {})}
        text = head(name.partition("-")[2], unit, "least", "most", *columns)
        text += "".join(row(f"{int(value):,}", *figures(found), *(short(column[value]["median"])
                                                                   for column in columns.values()))
                        for value, found in result["ways"].items())
    else:
        ratios = ratios_of(result)
        text = head("", f"{unit}, median", "least", "most", "runs", "ratio" if ratios else "")
        text += "".join(row(way, *figures(found), found["rounds"], short(ratios[way]) if way in ratios else "")
                        for way, found in result["ways"].items())
    text += f"\n{checked:,} records checked. {result['date']}, rk {result['versions']['rk']}.\n"
    if result["wanted"]:
        text += "\n" + head("wanted", "", "measured", "holds")
        text += "".join(row(one["what"], f"{one['sign']} {short(one['bound'])}", short(one["got"]), VERDICTS[one["holds"]])
                        for one in result["wanted"])
    return text


def figures(found):
    return [short(found[key]) for key in ("median", "least", "most")]


def newest(results):
    """The case that was measured last."""
    return max(results["cases"].values(), key=lambda result: result["date"])


def machine(result):
    there = result["machine"]
    return f"{there['cores']} cores of {there['cpu']}, {there['memory_gb']} GB, Linux {there['kernel']}."


def of_machine(results):
    """The machine and the versions of the newest case."""
    last = newest(results)
    return (machine(last) + "\n\n" + head("", "version")
            + "".join(row(name, version) for name, version in last["versions"].items()))


def ratios_of(result):
    """Ours to each peer's, as the case compares them."""
    return result.get("ratios") or result.get("to_one", {})


def of_both(results, second):
    """What of the second machine's results can be compared with those of the first."""
    text = head("case", "beside", "first machine", "second machine", "runs there")
    for name, result in second["cases"].items():
        first = ratios_of(results["cases"].get(name, {}))
        text += "".join(row(name, peer, short(first.get(peer)), short(ratio), result["ways"][peer]["rounds"])
                        for peer, ratio in ratios_of(result).items())
    last = newest(second)
    return f"{text}\nThe second: {machine(last)} {last['date']}, rk {last['versions']['rk']}.\n"


def fill(document, results, second=None):
    """The document, with the tables between its markers made anew; those of cases without results stay."""
    def table(match):
        name = match.group(1)
        if name == "second-machine" and second:
            return f"<!-- {name} -->\n{of_both(results, second)}<!-- end -->"
        if name == "machine" and results["cases"]:
            return f"<!-- {name} -->\n{of_machine(results)}<!-- end -->"
        if name in results["cases"]:
            return f"<!-- {name} -->\n{of_case(name, results['cases'][name])}<!-- end -->"
        return match.group(0)
    return re.sub(r"<!-- ([\w-]+) -->\n(?:.*?\n)??<!-- end -->", table, document, flags=re.DOTALL)
