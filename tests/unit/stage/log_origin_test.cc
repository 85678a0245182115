#include "lib/stage/log_origin.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

TEST_CASE("a stage of rk-run's says which process of which pipeline it is") {
  CHECK(LogOrigin("rk-infer", "credit/infer/3").Json() ==
        R"("tool":"rk-infer","pipeline":"credit","stage":"infer","replica":3)");
  CHECK(LogOrigin("rk-infer").Json() == R"("tool":"rk-infer")");
  for (const char* text : {"", "credit", "credit/infer", "credit/infer/x", "/0", "credit/infer/1x"})
    CHECK(LogOrigin("rk-infer", text).Json() == R"("tool":"rk-infer")");
}

TEST_CASE("rk-run itself is of its pipeline, and none of its stages") {
  LogOrigin origin("rk-run");
  origin.Supervise("a\"b");
  CHECK(origin.Json() == R"("tool":"rk-run","pipeline":"a\"b","stage":null,"replica":null)");
}

TEST_CASE("what names a process is read as it was written") {
  const auto process = ParseStageProcess(StageProcessText({"a/b", "infer-balance", 12}));
  REQUIRE(process);
  CHECK(process->pipeline == "a/b");
  CHECK(process->stage == "infer-balance");
  CHECK(process->replica == 12);
}

TEST_CASE("the key=value words of a message are its fields") {
  CHECK(LogFieldsJson("infer.0 died status=9 after=0.5 model=a.pt") ==
        R"({"status":9,"after":0.5,"model":"a.pt"})");
  CHECK(LogFieldsJson("code=x: why a=1 a=2 b=-3,") == R"({"code":"x","a":1,"b":-3})");
  CHECK(LogFieldsJson("try --in=x A=1 =2 c= 'd=e'").empty());
}

TEST_CASE("a value that JSON has no number for is text") {
  CHECK(LogFieldsJson("a=01 b=1. c=.5 d=1e5 e=- f=1.2.3") ==
        R"({"a":"01","b":"1.","c":".5","d":"1e5","e":"-","f":"1.2.3"})");
}

}  // namespace
}  // namespace rk
