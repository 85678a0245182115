#include <catch2/catch.hpp>

#include "lib/onnx/runtime.h"

namespace rk::onnx {
namespace {

TEST_CASE("of a node's failure its kind, its name and the reason are left") {
  CHECK(
      ReasonIn("Non-zero status code returned while running Gather node. Name:'g' Status Message: "
               "indices element out of data bounds, idx=5") ==
      "Gather 'g': indices element out of data bounds, idx=5");
}

TEST_CASE("where in ONNX Runtime's source it was written is left out") {
  CHECK(ReasonIn("/src/core/reshape_helper.h:84 onnxruntime::ReshapeHelper::ReshapeHelper(const "
                 "TensorShape&, bool) size != 0 && (n % size) == 0 was false. The tensor cannot be "
                 "reshaped\n") == "The tensor cannot be reshaped");
  CHECK(ReasonIn("/src/core/safeint.h:17 static void Handler<Exception>::SafeIntOnOverflow() "
                 "Integer overflow\n") == "Integer overflow");
  CHECK(ReasonIn("matmul_helper.h:59 Compute MatMul dimension mismatch") ==
        "MatMul dimension mismatch");
  CHECK(ReasonIn("Load model from m.onnx failed:Protobuf parsing failed.") ==
        "Protobuf parsing failed.");
}

TEST_CASE("other text stays, on one line") {
  CHECK(ReasonIn("Got invalid dimensions\n index: 1") == "Got invalid dimensions  index: 1");
  CHECK(ReasonIn("see a.cc:") == "see a.cc:");
  CHECK(ReasonIn("/x.cc:1 f( never closed") == "/x.cc:1 f( never closed");
  CHECK(ReasonIn("").empty());
}

}  // namespace
}  // namespace rk::onnx
