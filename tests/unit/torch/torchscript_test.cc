#include <torch/script.h>

#include "lib/infer/load.h"

// LibTorch's CHECK ends the process; the tests mean Catch2's.
#undef CHECK

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/json/tensor_text.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

const Log kSilent = [](LogLevel, std::string_view) {};

std::string TestModel(const std::string& name) {
  return std::string(std::getenv("RK_SOURCE_DIR")) + "/tests/models/" + name + ".pt";
}

// A folder that lives as long as this object.
class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/rk-model-XXXXXX";
};

// A model written here, in a file of its own.
class WrittenModel {
 public:
  // `forward` is TorchScript: a method of that name.
  explicit WrittenModel(const std::string& forward) {
    torch::jit::Module module("Written");
    module.register_buffer("count", torch::zeros({1}));
    module.define(forward);
    module.save(file());
  }

  std::string file() const { return folder_.path() + "/model.pt"; }

 private:
  Folder folder_;
};

Frame RunFrame(const std::string& file, const std::vector<std::string>& inputs,
               const std::vector<std::optional<std::string>>& values,
               const std::vector<std::string>& outputs = {}, Emit emit = Emit::kReplace) {
  ModelOptions model;
  model.file = file;
  model.inputs = inputs;
  model.outputs = outputs;
  InferOptions options;
  options.emit = emit;
  Infer infer(LoadWarmModel(*rk_backend(), model, options, kSilent), options);
  return RunOne(infer, FrameOf(values));
}

std::vector<std::string> Run(const std::string& file, const std::vector<std::string>& inputs,
                             const std::vector<std::optional<std::string>>& values,
                             const std::vector<std::string>& outputs = {}) {
  return ValuesOf(RunFrame(file, inputs, values, outputs));
}

using Values = std::vector<std::string>;

TEST_CASE("a tensor, a tuple and a dict of tensors come out under their names") {
  const std::vector<std::optional<std::string>> rows = {R"({"x":[1,-2,3]})", R"({"x":[0,0,0.5]})"};
  CHECK(Run(TestModel("two_out"), {"x:f32[3]"}, rows) ==
        Values{R"({"output0":2,"output1":[2,-4,6]})", R"({"output0":0.5,"output1":[0,0,1]})"});
  CHECK(Run(TestModel("two_out"), {"x:f32[3]"}, rows, {"sum", "twice"})[0] ==
        R"({"sum":2,"twice":[2,-4,6]})");
  CHECK(Run(TestModel("dict_out"), {"x:f32[3]"}, rows) ==
        Values{R"({"sum":2,"top":2,"positive":[true,false,true]})",
               R"({"sum":0.5,"top":2,"positive":[false,false,true]})"});
  CHECK(Run(TestModel("dict_out"), {"x:f32[3]"}, rows, {"top"})[1] == R"({"top":2})");
  CHECK(Run(TestModel("slow"), {"{a,b}:f32"}, {R"({"a":7,"b":1})"}) == Values{R"({"output":7})"});
}

TEST_CASE("arguments go in in the order of the inputs, each in its own type") {
  CHECK(Run(TestModel("sum_two"), {"a:f32[2]", "b.c:i64[2]"},
            {R"({"b":{"c":[10,20]},"a":[0.5,1.5]})"}) == Values{R"({"output":[10.5,21.5]})"});
  CHECK(Run(TestModel("sum_two"), {"a:i64", "b:i64"}, {R"({"a":9007199254740993,"b":1})"}) ==
        Values{R"({"output":9007199254740994})"});
  CHECK(Run(TestModel("sum_two"), {"a:u8", "b:i32"}, {R"({"a":200,"b":-300})"}) ==
        Values{R"({"output":-100})"});
  CHECK(Run(TestModel("sum_two"), {"a:f64", "b:bool"}, {R"({"a":0.1,"b":true})"}) ==
        Values{R"({"output":1.1})"});
}

TEST_CASE(
    "a model's own signature is enough, and its rows are the same however many share a call") {
  std::vector<std::optional<std::string>> rows;
  for (int i = 0; i < 50; ++i) {
    std::string row = R"({"features":[)" + std::to_string(i);
    for (int j = 1; j < 16; ++j) row += "," + std::to_string(0.25 * ((i * j) % 7) - 0.5);
    rows.push_back(row + "]}");
  }
  const Values together = Run(TestModel("mlp16"), {}, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Values alone = Run(TestModel("mlp16"), {}, {rows[i]});
    REQUIRE(alone[0].starts_with(R"({"score":)"));
    CHECK(std::stod(alone[0].substr(9)) == Approx(std::stod(together[i].substr(9))).margin(1e-6));
  }
}

TEST_CASE("an image of 784 numbers is taken in the shape that the flags say") {
  std::string image = "0";
  for (int i = 1; i < 784; ++i) image += "," + std::to_string(i % 10);
  const std::optional<std::string> row = R"({"image":[)" + image + "]}";
  const Values flat = Run(TestModel("mlp784"), {}, {row});
  CHECK(Run(TestModel("mlp784"), {"image:f32[1,28,28]"}, {row}, {"scores"}) == flat);
  CHECK(std::count(flat[0].begin(), flat[0].end(), ',') == 9);
}

TEST_CASE("one row's answer is that of the model called directly, bit for bit") {
  std::vector<float> numbers(784);
  std::string image = R"({"image":[)";
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(i * 37 % 256) / 255;
    image += fmt::format("{}{}", i == 0 ? "" : ",", numbers[i]);
  }
  torch::jit::Module module = torch::jit::load(TestModel("mlp784"));
  const at::Tensor scores =
      module.forward({torch::from_blob(numbers.data(), {1, 784})}).toTensor().contiguous();
  std::string expected = R"({"scores":)";
  REQUIRE(AppendTensor(Dtype::kF32, std::vector<int64_t>{10},
                       static_cast<const char*>(scores.const_data_ptr()), expected));
  CHECK(Run(TestModel("mlp784"), {}, {image + "]}"}) == Values{expected + "}"});
}

TEST_CASE("strings go in as a list, and come out of one") {
  const WrittenModel model(
      "def forward(self, text: List[str], x):\n"
      "  lengths: List[int] = []\n"
      "  shouted: List[str] = []\n"
      "  for one in text:\n"
      "    lengths.append(len(one))\n"
      "    shouted.append(one.upper())\n"
      "  return shouted, torch.tensor(lengths) + x\n");
  CHECK(Run(model.file(), {"text:str", "x:i64"},
            {R"({"text":"a\"b","x":10})", R"({"text":"","x":20})", R"({"text":5,"x":1})"}) ==
        Values{R"({"output0":"A\"B","output1":13})", R"({"output0":"","output1":20})",
               R"({"text":5,"x":1})"});
}

TEST_CASE("of the rows in a call only those that the model throws on fail, with its own words") {
  const Frame out =
      RunFrame(TestModel("throws"), {"x:f32[2]"},
               {R"({"x":[1,1]})", R"({"x":[-1,1]})", R"({"x":[2,1]})", R"({"x":[-3,1]})"}, {"y"},
               Emit::kMerge);
  CHECK(CodesOf(out) == Values{"", "model-error", "", "model-error"});
  CHECK(out.record(1).failure.message == "builtins.ValueError: the first feature is below 0");
  CHECK(ValuesOf(out)[2] == R"({"x":[2,1],"y":2})");
}

// The model of that name behind two calls: a helper method calls it as a submodule.
class DeepModel {
 public:
  DeepModel(const std::string& name, const std::string& arguments) {
    torch::jit::Module module("Deep");
    module.register_module("inner", torch::jit::load(TestModel(name)));
    module.define("def helper(self, " + arguments + "):\n  return self.inner.forward(" + arguments +
                  ")\n");
    module.define("def forward(self, " + arguments + "):\n  return self.helper(" + arguments +
                  ")\n");
    module.eval();
    module.save(file());
  }

  std::string file() const { return folder_.path() + "/model.pt"; }

 private:
  Folder folder_;
};

// Why one row of zeros of these shapes is refused.
std::string Refusal(const std::string& file, const std::vector<std::vector<int64_t>>& shapes) {
  const std::string zeros(4096, '\0');
  std::vector<ModelValue> inputs;
  for (const std::vector<int64_t>& shape : shapes) {
    ColumnView tensor{"", Dtype::kF32, shape, {}};
    size_t bytes = SizeOf(tensor.dtype);
    for (const int64_t size : shape) bytes *= static_cast<size_t>(size);
    tensor.data = std::string_view(zeros).substr(0, bytes);
    inputs.push_back({tensor, std::nullopt});
  }
  try {
    rk_backend()->Load(file, "cpu")->Run(inputs);
  } catch (const ModelFailure& failure) {
    return failure.what();
  }
  return "";
}

TEST_CASE("a model that fails two calls deep fails as it does without them") {
  const char* name = GENERATE("mlp16", "mlp784", "slow", "throws", "aborts", "two_out", "dict_out");
  CAPTURE(name);
  const std::vector<std::vector<int64_t>> one_dimension = {{1}};
  const std::string reason = Refusal(TestModel(name), one_dimension);
  CHECK_FALSE(reason.empty());
  CHECK(Refusal(DeepModel(name, "x").file(), one_dimension) == reason);
}

TEST_CASE("a model of two arguments that fails two calls deep fails as it does without them") {
  const std::vector<std::vector<int64_t>> unlike = {{1, 2}, {1, 3}};
  const std::string reason = Refusal(TestModel("sum_two"), unlike);
  CHECK_FALSE(reason.empty());
  CHECK(Refusal(DeepModel("sum_two", "a, b").file(), unlike) == reason);
}

TEST_CASE("a model that raises two calls deep fails its own record only") {
  const Frame out = RunFrame(DeepModel("throws", "x").file(), {"x:f32[2]"},
                             {R"({"x":[1,1]})", R"({"x":[-1,1]})", R"({"x":[2,1]})"}, {"y"});
  CHECK(CodesOf(out) == Values{"", "model-error", ""});
  CHECK(out.record(1).failure.message == "builtins.ValueError: the first feature is below 0");
}

TEST_CASE("a model may write to its arguments, also before it throws") {
  const WrittenModel model(
      "def forward(self, x):\n"
      "  x.mul_(2)\n"
      "  assert bool((x >= 0).all()), 'below 0'\n"
      "  return x\n");
  CHECK(Run(model.file(), {"x:f32"}, {R"({"x":1})", R"({"x":-1})", R"({"x":3})"}) ==
        Values{R"({"output":2})", R"({"x":-1})", R"({"output":6})"});
}

// Two numbers in and two out, by the backend itself: the bytes that went in are then others.
std::vector<float> Answer(Model& model, const std::vector<float>& numbers) {
  alignas(64) float rows[2] = {numbers[0], numbers[1]};
  ModelValue input;
  input.tensor = {"", Dtype::kF32, {2}, {reinterpret_cast<const char*>(rows), sizeof(rows)}};
  const ModelValue output = model.Run({&input, 1})[0];
  rows[0] = rows[1] = -1;
  std::vector<float> answer(output.tensor.data.size() / sizeof(float));
  output.tensor.data.copy(reinterpret_cast<char*>(answer.data()), output.tensor.data.size());
  return answer;
}

TEST_CASE("what a model returns or keeps stays when the bytes that went in are gone") {
  for (const char* result : {"x", "x[0:]", "x.view(2)", "[x][0]", "x + 0.0"}) {
    const WrittenModel written(fmt::format("def forward(self, x):\n  return {}\n", result));
    INFO(result);
    CHECK(Answer(*rk_backend()->Load(written.file(), "cpu"), {1, 2}) == std::vector<float>{1, 2});
  }
  const WrittenModel keeps(
      "def forward(self, x):\n"
      "  before = self.count + 0.0\n"
      "  self.count = x\n"
      "  return before + x * 0.0\n");
  const auto model = rk_backend()->Load(keeps.file(), "cpu");
  CHECK(Answer(*model, {1, 2}) == std::vector<float>{0, 0});
  CHECK(Answer(*model, {3, 4}) == std::vector<float>{1, 2});
}

ErrorKind KindOf(const std::function<void()>& action, std::string* message = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  return ErrorKind::kBug;
}

TEST_CASE("a record for which LibTorch cannot allocate fails alone") {
  const WrittenModel model(
      "def forward(self, x):\n"
      "  return x + torch.zeros([int(x.sum()) * 1125899906842624]).sum()\n");
  const Frame out = RunFrame(model.file(), {"x:f32"}, {R"({"x":0})", R"({"x":2})", R"({"x":0})"});
  CHECK(CodesOf(out) == Values{"", "model-error", ""});
}

TEST_CASE("a file that is not there, is no model, or is cut short is told apart") {
  ModelOptions missing;
  missing.file = "/nonexistent/model.pt";
  CHECK(KindOf([&] { LoadWarmModel(*rk_backend(), missing, {}, kSilent); }) == ErrorKind::kMissing);
  CHECK(KindOf([] { rk_backend()->Load(TestModel("not_a_model"), "cpu"); }) == ErrorKind::kBadData);
  CHECK(KindOf([] { rk_backend()->Load("/tmp", "cpu"); }) == ErrorKind::kBadData);
  const WrittenModel written("def forward(self, x):\n  return x\n");
  std::filesystem::resize_file(written.file(), std::filesystem::file_size(written.file()) / 2);
  CHECK(KindOf([&] { rk_backend()->Load(written.file(), "cpu"); }) == ErrorKind::kBadData);
}

TEST_CASE("a device that is not there is refused with what there is") {
  std::string message;
  CHECK(KindOf([] { rk_backend()->Load(TestModel("mlp16"), "cuda:99"); }, &message) ==
        ErrorKind::kUnavailable);
  CHECK_THAT(message, Catch::StartsWith("device cuda:99 is not available; available: cpu"));
  CHECK(KindOf([] { rk_backend()->Load(TestModel("mlp16"), "gpu"); }) == ErrorKind::kUsage);
}

TEST_CASE("inputs of another shape or number than the model takes are refused at the start") {
  std::string message;
  CHECK(KindOf([] { Run(TestModel("mlp16"), {"x:f32[15]"}, {}); }, &message) ==
        ErrorKind::kConfiguration);
  CHECK_THAT(message,
             Catch::Contains("mat1 and mat2 shapes cannot be multiplied (1x15 and 16x64)"));
  CHECK(KindOf([] { Run(TestModel("sum_two"), {"x:f32"}, {}); }, &message) ==
        ErrorKind::kConfiguration);
  CHECK_THAT(message, Catch::Contains("forward() is missing value for argument 'b'"));
  CHECK(KindOf([] {
          Run(TestModel("mlp16"), {"x:f32[16]", "y:f32"}, {});
        }) == ErrorKind::kConfiguration);
}

TEST_CASE("what a model returns must be tensors with a row for each row") {
  const auto kind = [](const std::string& result) {
    const WrittenModel model("def forward(self, x):\n  return " + result + "\n");
    return KindOf([&] { Run(model.file(), {"x:f32[2]"}, {}); });
  };
  CHECK(kind("x.sum()") == ErrorKind::kConfiguration);
  CHECK(kind("x.t()") == ErrorKind::kConfiguration);
  CHECK(kind("1.5") == ErrorKind::kConfiguration);
  CHECK(kind("(x, 1)") == ErrorKind::kConfiguration);
  CHECK(kind("torch.complex(x, x)") == ErrorKind::kConfiguration);
}

TEST_CASE("narrow, strided and squeezed results come out as numbers") {
  const auto value = [](const std::string& result) {
    const WrittenModel model("def forward(self, x):\n  return " + result + "\n");
    return Run(model.file(), {"x:f32[2]"}, {R"({"x":[1.5,2]})"})[0];
  };
  CHECK(value("x.half()") == R"({"output":[1.5,2]})");
  CHECK(value("x.to(dtype=1)") == R"({"output":[1,2]})");
  CHECK(value("torch.stack([x, x], 2).transpose(1, 2)") == R"({"output":[[1.5,2],[1.5,2]]})");
  CHECK(value("[x, x[:, 0]]") == R"({"output0":[1.5,2],"output1":1.5})");
  CHECK(value("x.sum(1)") == R"({"output":3.5})");
}

TEST_CASE("a model that squeezes its result away for one row is served") {
  const WrittenModel model("def forward(self, x):\n  return x.sum(1, True).squeeze()\n");
  CHECK(Run(model.file(), {"x:f32[2]"}, {R"({"x":[1.5,2]})"}) == Values{R"({"output":3.5})"});
}

TEST_CASE("a model that keeps state of its own is served") {
  const WrittenModel model(
      "def forward(self, x):\n  self.count.add_(1)\n  return x + self.count * 0\n");
  CHECK(Run(model.file(), {"x:f32[1]"}, {R"({"x":[2]})", R"({"x":[3]})"}) ==
        Values{R"({"output":2})", R"({"output":3})"});
}

long ResidentKib() {
  long pages = 0;
  std::ifstream file("/proc/self/statm");
  file >> pages >> pages;
  return pages * ::sysconf(_SC_PAGESIZE) / 1024;
}

TEST_CASE("calls of ever other sizes take no more memory than the first ones did") {
  ModelOptions model;
  model.file = TestModel("mlp16");
  SECTION("of TorchScript") {}
  SECTION("of a package") { model.file += "2"; }
  Infer infer(LoadWarmModel(*rk_backend(), model, {}, kSilent), {});
  std::string row = R"({"features":[0)";
  for (int i = 1; i < 16; ++i) row += ",0";
  std::mt19937 random(1);
  const auto call = [&](int times) {
    for (int i = 0; i < times; ++i) {
      RunOne(infer,
             FrameOf(std::vector<std::optional<std::string>>(1 + random() % 200, row + "]}")));
    }
  };
  call(300);
  const long before = ResidentKib();
  call(3000);
  CHECK(ResidentKib() - before < 2048);
}

}  // namespace
}  // namespace rk
