#pragma once

#include <onnxruntime_c_api.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/batch/tensor.h"
#include "lib/infer/backend.h"

/// Inside lib/onnx only.
namespace rk::onnx {

/// An input of a model's graph, as its file declares it.
struct Port {
  std::string name;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::vector<int64_t> shape;           ///< -1 where it is open; empty if it is not declared
  std::vector<std::string> dimensions;  ///< the names of the open ones, else empty

  bool strings() const { return type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING; }
};

/// The inputs of a model, in its order. Throws Error(kConfiguration) for one that is no tensor.
std::vector<Port> InputsOf(const OrtSession& session);

/// The port as an input spec that takes a field of its name, e.g. `features:f32[16]`; a number or
/// string alone where it takes one a row. A dimension that is open, other than the batch, is there
/// by its name, for people: no spec has that.
std::string SpecOf(const Port& port);

/// The ports for people, and for what goes by names.
std::vector<Argument> ArgumentsOf(std::span<const Port> ports);

/// What a model's file says if it says nothing but its ports: a signature with these specs and
/// outputs. Without inputs if a row of one has a size that is open, so that no spec can be made of
/// it; without outputs if a name has a colon, which no output spec may have.
std::string SignatureOf(std::span<const Port> ports, std::span<const std::string> outputs);

/// The shape in which rows of the shape `given` go in: the port's own if it has as many elements a
/// row, which need not be written so; else the given one, for ONNX Runtime to refuse.
std::vector<int64_t> ShapeFor(const Port& port, const std::vector<int64_t>& given);

/// Throws Error(kConfiguration) that says what to write if `inputs` are not as many as the ports,
/// or one is of another type, or the port has a number of rows of its own and they are not so many.
struct Given {
  bool strings;
  Dtype dtype;
  int64_t rows;
};
void CheckFits(const std::vector<Port>& ports, std::span<const Given> given);

}  // namespace rk::onnx
