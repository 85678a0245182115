// rk-infer: a model on the batches that go by.

#include <chrono>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/model/device.h"
#include "lib/model/infer.h"
#include "lib/model/torchscript.h"
#include "lib/stage/link_options.h"
#include "lib/stage/middle.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-infer",
    "Runs a TorchScript model on records and puts its outputs into them.\n"
    "SPEC is PATH:DTYPE, PATH:DTYPE[SHAPE] or {PATH,PATH=DEFAULT,...}:DTYPE; DTYPE is\n"
    "f32, f64, i32, i64, u8 or bool. A model may carry its specs in its file.",
    "Example:\n"
    "  rk-read -b localhost:9092 -t images -G digits |\n"
    "    rk-infer -m digits.pt --input 'image:f32[1,28,28]' --output scores |\n"
    "    rk-write -b localhost:9092 -t digits\n",
};

struct Options {
  std::string model;
  std::string device = "cpu";
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::string emit = "merge";
  rk::InferOptions infer;
  int threads = 1;
  rk::LinkOptions link;
};

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("-m,--model", options.model, "TorchScript file")->required()->option_text("FILE");
  app.add_option("--device", options.device, "cpu, cuda or cuda:N")->option_text("DEVICE=cpu");
  app.add_option("--input", options.inputs,
                 "fields of a record that are an argument of the\nmodel; once for each, in order")
      ->option_text("SPEC")
      ->allow_extra_args(false);
  app.add_option("--output", options.outputs,
                 "name of an output, or key where it is a dict;\nonce for each, in order")
      ->option_text("NAME")
      ->allow_extra_args(false);
  app.add_option("--emit", options.emit,
                 "merge the outputs into the record's object, or\nreplace it by them")
      ->option_text("HOW=merge")
      ->check(CLI::IsMember({"merge", "replace"}));
  app.add_option("--max-batch", options.infer.max_batch, "rows in a call of the model at most")
      ->option_text("N=1024")
      ->check(CLI::Range(size_t{1}, size_t{1} << 20));
  app.add_option("--threads", options.threads, "of the CPU for a call")
      ->option_text("N=1")
      ->check(CLI::Range(1, 1024));
  rk::AddInputOptions(app, options.link);
  rk::AddOutputOptions(app, options.link);
  rk::AddHwmOption(app, options.link);
}

void Run(Options& options, rk::Stage& stage) {
  rk::UseThreads(options.threads);
  const auto start = std::chrono::steady_clock::now();
  const auto model = rk::LoadTorchScript(options.model, options.device);
  const auto signature = rk::MakeSignature(options.inputs, options.outputs, model->signature());
  options.infer.emit = options.emit == "merge" ? rk::Emit::kMerge : rk::Emit::kReplace;
  rk::Infer infer(*model, signature, options.infer, stage.log);
  stage.log(
      rk::LogLevel::kInfo,
      fmt::format("model ready file={} device={} seconds={:.2f}", options.model, options.device,
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  if (stage.check) return;
  // Links last: nothing is fetched that would wait for the model to load.
  const auto sink = rk::OpenSink(options.link, stage);
  const auto source = rk::OpenSource(options.link, rk::Holds::kUntilSent, stage);
  stage.Ready();
  rk::Metric& records = stage.metrics.Counter("records_in");
  rk::Metric& failed = stage.metrics.Counter("failed");
  rk::Metric& calls = stage.metrics.Counter("calls");
  rk::RunMiddle(*source, *sink, stage.signals.drain_fd(), [&](const rk::Frame& frame) {
    rk::Frame result = infer.Run(frame);
    records.Set(infer.counts().records);
    failed.Set(infer.counts().failed);
    calls.Set(infer.counts().calls);
    return result;
  });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
