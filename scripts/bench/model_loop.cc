// What rk-infer is measured against: a plain loop that parses a line of JSON with simdjson, puts
// its numbers into a tensor, and calls the model on 500 lines at a time; and what makes both their
// inputs.
//
//   bench-model-loop make N WIDTH LINES FRAMES   writes the same N records as lines and as frames
//   bench-model-loop run MODEL WIDTH LINES       prints the sum of the outputs

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include "lib/batch/frame.h"

namespace rk {
namespace {

constexpr size_t kRows = 500;  // as rk-read's batches

std::string Line(size_t id, size_t width, std::mt19937& random) {
  std::string line = fmt::format(R"({{"id":{},"features":[)", id);
  for (size_t i = 0; i < width; ++i) {
    line += fmt::format("{}{:.4f}", i == 0 ? "" : ",", static_cast<double>(random() % 20000) / 1e4);
  }
  line += R"(],"note":")";
  line.append(width == 16 ? 240 - std::min<size_t>(238, line.size() + 2) : 0, 'x');
  return line + R"("})";
}

void Make(size_t count, size_t width, const std::string& lines, const std::string& frames) {
  std::ofstream lines_out(lines);
  std::ofstream frames_out(frames, std::ios::binary);
  std::mt19937 random(1);
  for (size_t first = 0; first < count; first += kRows) {
    const size_t rows = std::min(kRows, count - first);
    BatchInfo info;
    info.topic = "bench";
    info.first_offset = static_cast<int64_t>(first);
    info.next_offset = static_cast<int64_t>(first + rows);
    FrameBuilder builder(info, rows, 0);
    for (size_t i = first; i < first + rows; ++i) {
      const std::string line = Line(i, width, random);
      lines_out << line << '\n';
      RecordView record;
      record.offset = static_cast<int64_t>(i);
      record.value = line;
      builder.Add(record);
    }
    frames_out << builder.Finish().bytes();
  }
  frames_out << Frame::End({}).bytes();
}

// The numbers of a line, at `out`.
void Parse(simdjson::dom::parser& parser, const std::string& line, size_t width, float* out) {
  simdjson::dom::array features = parser.parse(line)["features"];
  if (features.size() != width) throw std::runtime_error("a line has another width: " + line);
  for (const double number : features) *out++ = static_cast<float>(number);
}

double Run(const std::string& file, size_t width, const std::string& lines) {
  at::set_num_threads(1);
  const c10::InferenceMode inference;
  torch::jit::Module model = torch::jit::freeze(torch::jit::load(file));
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  std::ifstream in(lines);
  simdjson::dom::parser parser;
  std::vector<float> rows(kRows * width);
  double sum = 0;
  size_t count = 0;
  const auto call = [&] {
    const auto shape = {static_cast<int64_t>(count), static_cast<int64_t>(width)};
    sum += model.forward({torch::from_blob(rows.data(), shape)}).toTensor().sum().item<double>();
    count = 0;
  };
  std::string line;
  line.reserve(size_t{1} << 16);  // room for simdjson's padding: no copy
  while (std::getline(in, line)) {
    Parse(parser, line, width, &rows[count * width]);
    if (++count == kRows) call();
  }
  if (count > 0) call();
  return sum;
}

}  // namespace
}  // namespace rk

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "make" && argc == 6) {
    rk::Make(std::stoul(argv[2]), std::stoul(argv[3]), argv[4], argv[5]);
  } else if (what == "run" && argc == 5) {
    std::printf("%.6f\n", rk::Run(argv[2], std::stoul(argv[3]), argv[4]));
  } else {
    std::fprintf(stderr, "bench-model-loop make N WIDTH LINES FRAMES | run MODEL WIDTH LINES\n");
    return 64;
  }
  return 0;
}
