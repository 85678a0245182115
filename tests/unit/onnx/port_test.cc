#include "lib/onnx/port.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk::onnx {
namespace {

using Shape = std::vector<int64_t>;

Port Of(const std::string& name, Shape shape,
        ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
  const size_t rank = shape.size();
  return {name, type, std::move(shape), std::vector<std::string>(rank)};
}

TEST_CASE("an input takes a field of its name, alone where a row is one number") {
  CHECK(SpecOf(Of("features", {-1, 16})) == "features:f32[16]");
  CHECK(SpecOf(Of("image", {-1, 1, 28, 28})) == "image:f32[1,28,28]");
  CHECK(SpecOf(Of("age", {-1, 1})) == "age:f32");
  CHECK(SpecOf(Of("age", {-1})) == "age:f32");
  CHECK(SpecOf(Of("#a.b\\c?", {-1, 1}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8)) ==
        "\\#a\\.b\\\\c\\?:i32");
  CHECK(SpecOf(Of("sex", {-1, 1}, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING)) == "sex:str");
}

TEST_CASE("inputs and outputs as a signature, without those that have no spec") {
  const std::vector<Port> ports = {Of("a\"b", {-1}), Of("c", {-1, 2})};
  const std::vector<std::string> outputs = {"y", "z"};
  CHECK(
      SignatureOf(ports, outputs) ==
      R"({"inputs":[{"spec":"a\"b:f32"},{"spec":"c:f32[2]"}],"outputs":[{"name":"y"},{"name":"z"}]})");
  CHECK(SignatureOf(std::vector{Of("ids", {-1, -1})}, outputs) ==
        R"({"outputs":[{"name":"y"},{"name":"z"}]})");
  CHECK(SignatureOf(std::vector{Of("x", {-1})}, std::vector<std::string>{"y:0"}) ==
        R"({"inputs":[{"spec":"x:f32"}],"outputs":[]})");
}

TEST_CASE("rows of as many elements go in in the shape that the input has") {
  CHECK(ShapeFor(Of("x", {-1, 1}), {5}) == Shape{5, 1});
  CHECK(ShapeFor(Of("x", {-1, 784}), {5, 28, 28}) == Shape{5, 784});
  CHECK(ShapeFor(Of("x", {-1, 1, 28, 28}), {5, 784}) == Shape{5, 1, 28, 28});
  CHECK(ShapeFor(Of("x", {-1, 16}), {5, 15}) == Shape{5, 15});
  CHECK(ShapeFor(Of("x", {-1, -1}), {5, 15}) == Shape{5, 15});
  CHECK(ShapeFor(Of("x", {}), {5, 3}) == Shape{5, 3});
}

TEST_CASE("inputs of another number, type or batch are refused with what to write") {
  const std::vector<Port> one = {Of("x", {4, 2})};
  const Given fits = {false, Dtype::kF32, 4};
  CHECK_NOTHROW(CheckFits(one, std::vector{fits}));
  CHECK_THROWS_WITH(CheckFits(one, std::vector{fits, fits}),
                    "the model takes 1 inputs and is given 2; e.g. --input 'x:f32[2]'");
  CHECK_THROWS_WITH(CheckFits(one, std::vector{Given{false, Dtype::kF64, 4}}),
                    "input \"x\" of the model is of float: it takes f32");
  CHECK_THROWS_WITH(CheckFits(one, std::vector{Given{true, Dtype::kF32, 4}}),
                    "input \"x\" of the model is of float: it takes f32");
  CHECK_THROWS_WITH(CheckFits(one, std::vector{Given{false, Dtype::kF32, 5}}),
                    "the model takes 4 rows a call, as its input \"x\" says: give --buckets 4");
}

}  // namespace
}  // namespace rk::onnx
