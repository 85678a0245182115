"""Reads a Containerfile: each stage as a list of (instruction, value)."""


def stages(path):
    found = []
    for line in path.read_text().replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, _, value = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, value.strip()))
    return found
