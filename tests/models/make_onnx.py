#!/usr/bin/env python3
"""Makes the ONNX models that the tests use, without PyTorch; README.md says what each is for.

    python3 -m venv build/venv && build/venv/bin/pip install onnx==1.23.2
    build/venv/bin/python tests/models/make_onnx.py

By hand, when a model changes: what it makes is checked in, and no test needs Python's onnx. The MLPs have the
weights of their TorchScript files, which make.py makes.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

HERE = Path(__file__).parent
OPSET = 18
ML_OPSET = 3
node, value = helper.make_node, helper.make_tensor_value_info


def constant(name, array, dtype=None):
    return numpy_helper.from_array(np.asarray(array, dtype), name)


def save(name, nodes, inputs, outputs, constants=(), signature=None, opset=OPSET, ir=9):
    """Inputs and outputs: NAME: (TYPE, SHAPE), or a whole ValueInfo."""
    def infos(ports):
        return [port if isinstance(port, onnx.ValueInfoProto) else value(key, *port) for key, port in ports.items()]
    graph = helper.make_graph(nodes, name, infos(inputs), infos(outputs), list(constants))
    model = helper.make_model(graph, ir_version=ir, opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ML_OPSET)])
    if signature:
        helper.set_model_props(model, {"rk.json": json.dumps(signature)})
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def weights(name, shapes):
    """The parameters of a TorchScript file, in its order."""
    with zipfile.ZipFile(HERE / f"{name}.pt") as archive:
        folder = archive.namelist()[0].split("/")[0]
        return [np.frombuffer(archive.read(f"{folder}/data/{i}"), np.float32).reshape(shape)
                for i, shape in enumerate(shapes)]


def mlp(name, sizes, source, last, outputs, signature):
    """Layers with ReLU between them; `last` is what follows the last layer."""
    shapes = [shape for into, out in zip(sizes, sizes[1:]) for shape in ((out, into), (out,))]
    constants = [constant(f"p{i}", array) for i, array in enumerate(weights(name, shapes))]
    nodes, at = [], source
    layers = len(sizes) - 1
    for i in range(layers):
        nodes.append(node("Gemm", [at, f"p{2 * i}", f"p{2 * i + 1}"], [f"layer{i}"], transB=1))
        at = f"layer{i}"
        if i + 1 < layers:
            nodes.append(node("Relu", [at], [f"relu{i}"]))
            at = f"relu{i}"
    save(name, nodes + last(at), {source: (T.FLOAT, ["B", sizes[0]])}, outputs,
         [*constants, constant("one", [1], np.int64)], signature)


def mlps():
    mlp("mlp16", (16, 64, 32, 1), "features",
        lambda at: [node("Sigmoid", [at], ["column"]), node("Squeeze", ["column", "one"], ["score"])],
        {"score": (T.FLOAT, ["B"])},
        {"inputs": [{"name": "features", "spec": "features:f32[16]"}], "outputs": [{"name": "score"}]})
    # Without a signature of its own: rk-infer finds one in its inputs.
    mlp("mlp784", (784, 32, 32, 10), "image", lambda at: [node("Identity", [at], ["scores"])],
        {"scores": (T.FLOAT, ["B", 10])}, None)


def rows():
    """The same as the TorchScript ones of these names."""
    x = {"x": (T.FLOAT, ["B", "N"])}
    one = constant("one", [1], np.int64)
    first = [node("Gather", ["x", "first"], ["column"], axis=1), node("Squeeze", ["column", "one"], ["raw"])]
    column = [constant("first", [0], np.int64), one]
    # The place of a row in a table of one, or far behind it: no such row.
    save("throws", [*first, node("Less", ["raw", "nought"], ["below"]), node("Cast", ["below"], ["place"], to=T.INT64),
                    node("Mul", ["place", "far"], ["index"]), node("Gather", ["table", "index"], ["nothing"], name="table"),
                    node("Add", ["raw", "nothing"], ["y"])],
         x, {"y": (T.FLOAT, ["B"])},
         [*column, constant("nought", 0, np.float32), constant("far", 5, np.int64), constant("table", [0], np.float32)])
    save("two_out", [node("ReduceSum", ["x", "one"], ["sum"], keepdims=0), node("Add", ["x", "x"], ["twice"])],
         x, {"sum": (T.FLOAT, ["B"]), "twice": (T.FLOAT, ["B", "N"])}, [one])
    save("dict_out", [node("ReduceSum", ["x", "one"], ["sum"], keepdims=0),
                      node("ArgMax", ["x"], ["top"], axis=1, keepdims=0),
                      node("Greater", ["x", "nought"], ["positive"])],
         x, {"sum": (T.FLOAT, ["B"]), "top": (T.INT64, ["B"]), "positive": (T.BOOL, ["B", "N"])},
         [one, constant("nought", 0, np.float32)])
    save("sum_two", [node("Add", ["a", "b"], ["sum"])],
         {"a": (T.FLOAT, ["B", 2]), "b": (T.FLOAT, ["B", 2])}, {"sum": (T.FLOAT, ["B", 2])})
    for name, rounds in ("slow", 650), ("slow200", 26000):
        work(name, rounds, x, first, column)


def work(name, rounds, x, first, constants):
    """Keeps a core busy: the same matrix product again and again, of no use to the result."""
    body = helper.make_graph(
        [node("Identity", ["go"], ["go_on"]), node("MatMul", ["work", "turn"], ["turned"]),
         node("Tanh", ["turned"], ["worked"])], "round",
        [value("round", T.INT64, []), value("go", T.BOOL, []), value("work", T.FLOAT, [64, 64])],
        [value("go_on", T.BOOL, []), value("worked", T.FLOAT, [64, 64])])
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((64, 64)))[0]
    save(name, [*first, node("Loop", ["rounds", "", "turn"], ["done"], body=body),
                node("ReduceMax", ["done"], ["most"], keepdims=0), node("Mul", ["most", "nought"], ["nothing"]),
                node("Add", ["raw", "nothing"], ["y"])],
         x, {"y": (T.FLOAT, ["B"])},
         [*constants, constant("rounds", rounds, np.int64), constant("turn", turn, np.float32),
          constant("nought", 0, np.float32)])


TYPES = {"half": T.FLOAT16, "bfloat": T.BFLOAT16, "float": T.FLOAT, "double": T.DOUBLE, "int8": T.INT8, "int16": T.INT16,
         "int32": T.INT32, "int64": T.INT64, "uint8": T.UINT8, "uint16": T.UINT16, "uint32": T.UINT32,
         "uint64": T.UINT64, "bool": T.BOOL}


def kinds():
    """What only ONNX has."""
    save("types", [node("Identity", [name], [f"{name}_out"]) for name in TYPES],
         {name: (kind, ["B", 1]) for name, kind in TYPES.items()},
         {f"{name}_out": (kind, ["B", 1]) for name, kind in TYPES.items()})
    save("strings", [node("Squeeze", ["text", "one"], ["flat"]), node("Identity", ["text"], ["same"]),
                     node("LabelEncoder", ["flat"], ["code"], domain="ai.onnx.ml", keys_strings=["red", "green"],
                          values_int64s=[1, 2], default_int64=-1)],
         {"text": (T.STRING, ["B", 1])}, {"same": (T.STRING, ["B", 1]), "code": (T.INT64, ["B"])},
         [constant("one", [1], np.int64)])
    save("choosy", [node("OneHotEncoder", ["color"], ["columns"], domain="ai.onnx.ml", cats_strings=["red", "green"],
                         zeros=0), node("Squeeze", ["columns", "one"], ["is"])],
         {"color": (T.STRING, ["B", 1])}, {"is": (T.FLOAT, ["B", 2])}, [constant("one", [1], np.int64)])
    for name, keys in ("zipmap", {"classlabels_strings": ["no", "yes"]}), ("zipmap_numbers", {"classlabels_int64s": [7, 9]}):
        element = T.STRING if "strings" in next(iter(keys)) else T.INT64
        maps = helper.make_value_info("odds", helper.make_sequence_type_proto(
            helper.make_map_type_proto(element, helper.make_tensor_type_proto(T.FLOAT, None))))
        save(name, [node("ZipMap", ["x"], ["odds"], domain="ai.onnx.ml", **keys)], {"x": (T.FLOAT, ["B", 2])},
             {"odds": maps})
    save("fixed4", [node("Add", ["x", "x"], ["y"])], {"x": (T.FLOAT, [4, 2])}, {"y": (T.FLOAT, [4, 2])})
    save("scalar", [node("ReduceSum", ["x"], ["sum"], keepdims=0)], {"x": (T.FLOAT, ["B", 2])}, {"sum": (T.FLOAT, [])})
    save("open", [node("ReduceSum", ["ids", "one"], ["sum"], keepdims=0)], {"ids": (T.INT64, ["B", "words"])},
         {"sum": (T.INT64, ["B"])}, [constant("one", [1], np.int64)])
    save("tokens", [node("Identity", ["attention_mask"], ["mask"]), node("Identity", ["age"], ["years"]),
                    node("Identity", ["input_ids"], ["ids"]), node("Identity", ["token_type_ids"], ["types"])],
         {"attention_mask": (T.INT32, ["B", "length"]), "age": (T.FLOAT, ["B", 1]),
          "input_ids": (T.INT64, ["B", "length"]), "token_type_ids": (T.INT64, ["B", "length"])},
         {"mask": (T.INT32, ["B", "length"]), "years": (T.FLOAT, ["B", 1]), "ids": (T.INT64, ["B", "length"]),
          "types": (T.INT64, ["B", "length"])})
    save("greedy", [node("Expand", ["nought", "size"], ["large"], name="large"),
                    node("ReduceMax", ["large"], ["most"], keepdims=0), node("Add", ["size", "most"], ["y"])],
         {"size": (T.INT64, ["B"])}, {"y": (T.INT64, ["B"])}, [constant("nought", 0, np.int64)])


def bad():
    """What cannot be loaded."""
    x, y = {"x": (T.FLOAT, ["B", 2])}, {"y": (T.FLOAT, ["B", 2])}
    save("opset99", [node("Add", ["x", "x"], ["y"])], x, y, opset=99)
    save("ir99", [node("Add", ["x", "x"], ["y"])], x, y, ir=99)
    save("unknown_operator", [node("Teleport", ["x"], ["y"])], x, y)
    elsewhere = constant("elsewhere", np.ones((1, 2)), np.float32)
    onnx.external_data_helper.set_external_data(elsewhere, location="elsewhere.bin")
    elsewhere.ClearField("raw_data")
    save("external", [node("Add", ["x", "elsewhere"], ["y"])], x, y, [elsewhere])


def main():
    mlps()
    rows()
    kinds()
    bad()


if __name__ == "__main__":
    main()
