"""The manifests of deploy/kubernetes as kustomize makes them, of what they use of it: resources, components, generated
ConfigMaps (without the hash in their names), patches by RFC 6902. Needs the packages of scripts/deps/ray."""

import copy
import os
import pathlib
import sys

DEPS = pathlib.Path(os.environ["RK_DEPS_DIR"])
sys.path += map(str, (DEPS / "ray").glob("lib/python3*/site-packages"))

import yaml  # noqa: E402

KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "patches"}


def render(folder, *components):
    """All objects of a kustomization with these components, in no particular order."""
    objects = []
    for each in (folder, *components):
        add(objects, each)
    return objects


def add(objects, folder):
    what = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(what) <= KNOWN, f"{folder}: {set(what) - KNOWN}"
    for name in what.get("resources", []):
        objects += yaml.safe_load_all((folder / name).read_text())
    for generated in what.get("configMapGenerator", []):
        config = {"apiVersion": "v1", "kind": "ConfigMap",
                  "metadata": {"name": generated["name"], **generated.get("options", {})},
                  "data": {file: (folder / file).read_text() for file in generated["files"]}}
        if generated.get("behavior") == "replace":
            objects.remove(find(objects, "ConfigMap", generated["name"]))
        objects.append(config)
    for each in what.get("patches", []):
        target = find(objects, each["target"]["kind"], each["target"]["name"])
        for operation in yaml.safe_load(each["patch"]):
            patch(target, operation)


def find(objects, kind, name):
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


def patch(target, operation):
    """One operation of RFC 6902, in place; what it goes through has to be there."""
    *through, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
    for step in through:
        target = target[int(step)] if isinstance(target, list) else target[step]
    if last == "-" and operation["op"] == "add":
        target.append(copy.deepcopy(operation["value"]))
        return
    key = int(last) if isinstance(target, list) else last
    if operation["op"] == "remove":
        del target[key]
        return
    there = key < len(target) if isinstance(target, list) else key in target
    assert operation["op"] in ("add", "replace") and there == (operation["op"] == "replace"), operation
    target[key] = copy.deepcopy(operation["value"])
