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
        ratios = result.get("ratios") or result.get("to_one", {})
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


def of_machine(results):
    """The machine and the versions of the newest case."""
    newest = max(results["cases"].values(), key=lambda result: result["date"])
    machine = newest["machine"]
    text = f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, Linux {machine['kernel']}.\n\n"
    return text + head("", "version") + "".join(row(name, version) for name, version in newest["versions"].items())


def fill(document, results):
    """The document, with the tables between its markers made anew; those of cases without results stay."""
    def table(match):
        name = match.group(1)
        if name == "machine" and results["cases"]:
            return f"<!-- {name} -->\n{of_machine(results)}<!-- end -->"
        if name in results["cases"]:
            return f"<!-- {name} -->\n{of_case(name, results['cases'][name])}<!-- end -->"
        return match.group(0)
    return re.sub(r"<!-- ([\w-]+) -->\n(?:.*?\n)??<!-- end -->", table, document, flags=re.DOTALL)
