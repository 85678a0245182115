// rk-infer: a model on the batches that go by.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/infer/backend_module.h"
#include "lib/infer/bench.h"
#include "lib/infer/describe.h"
#include "lib/infer/infer.h"
#include "lib/infer/load.h"
#include "lib/infer/report.h"
#include "lib/link/pipe.h"
#include "lib/stage/link_options.h"
#include "lib/stage/middle.h"
#include "lib/stage/option_value.h"
#include "lib/stage/progress.h"
#include "lib/stage/reloader.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-infer",
    "Runs a model on records and puts its outputs into them. SPEC is PATH:DTYPE,\n"
    "PATH:DTYPE[SHAPE], {PATH,PATH?,...}:DTYPE, PATH:tokens[N] or @COLUMN:DTYPE.",
    "Example:\n"
    "  rk-read -t images -G digits |\n"
    "    rk-infer -m digits.pt --input 'image:f32[1,28,28]' | rk-write -t digits",
    /*is_stage=*/true,
    /*keeps_house=*/false,
    /*runs_foreign_code=*/true,
};

struct Options {
  rk::ModelOptions model;
  rk::InferOptions infer;
  std::vector<size_t> buckets;
  double max_delay_ms = 0;
  int threads = 1;
  bool describe = false;
  bool bench = false;
  rk::LinkOptions link;
};

void AddModelOptions(CLI::App& app, Options& options) {
  rk::ModelOptions& model = options.model;
  app.add_option("-m,--model", model.file, "ONNX (.onnx), TorchScript, or AOTInductor (.pt2)")
      ->required()
      ->option_text("FILE");
  app.add_option("--sha256", model.sha256, "accept only a model file with this hash")
      ->option_text("HEX");
  app.add_option("--device", model.device, "cpu, cuda or cuda:N")->option_text("DEVICE=cpu");
  app.add_option("--threads", options.threads, "CPU threads per model call")
      ->option_text("N=1")
      ->transform(rk::WholeNumber(1, 1024));
  app.add_option("--input", model.inputs, "an argument of the model; repeat in order")
      ->option_text("SPEC")
      ->allow_extra_args(false);
  app.add_option("--output", model.outputs, "an output: NAME, NAME[:,I], :argmax or :topk=K")
      ->option_text("NAME[:PICK]")
      ->allow_extra_args(false);
  app.add_option("--sample", model.sample, "record to warm up with; a line of JSON")
      ->option_text("FILE");
  app.add_option("--tokenizer", model.tokenizer, "tokenizer.json for inputs of tokens")
      ->option_text("FILE");
  app.add_option("--labels", model.labels, "label file for argmax and topk, one per line")
      ->option_text("FILE");
}

void AddOptions(CLI::App& app, Options& options) {
  AddModelOptions(app, options);
  app.add_option("--emit", options.infer.emit, "merge outputs into the value, replace, or tensor")
      ->option_text("HOW=merge")
      ->transform(rk::WordFor<rk::Emit>({{"merge", rk::Emit::kMerge},
                                         {"replace", rk::Emit::kReplace},
                                         {"tensor", rk::Emit::kTensor}}));
  app.add_option("--drop", options.infer.dropped, "leave a field out of the merged value")
      ->option_text("PATH")
      ->allow_extra_args(false);
  app.add_option("--max-batch", options.infer.batching.max_batch, "rows per model call")
      ->option_text("N=1024")
      ->transform(rk::WholeNumber(1, uint64_t{1} << 20));
  app.add_option("--max-delay", options.max_delay_ms, "how long a row may wait for others: 5ms, 1s")
      ->option_text("TIME=0")
      ->transform(rk::TimeUpTo(60e3));
  app.add_option("--buckets", options.buckets, "pad calls to one of these sizes")
      ->option_text("N,N,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->transform(rk::WholeNumber(1, uint64_t{1} << 20));
  app.add_flag("--describe", options.describe, "print inputs and outputs, and exit");
  app.add_flag("--bench", options.bench, "print rows/s by batch size, and exit");
  rk::AddTombstonesOption(app, options.infer.tombstones);
  rk::AddInputOptions(app, options.link);
  rk::AddOutputOptions(app, options.link);
  rk::AddSocketOptions(app, options.link);
}

void Serve(const Options& options, rk::Backend& backend, rk::Infer& infer, rk::Reloader& reloader,
           rk::Stage& stage) {
  reloader.Start([&] {
    infer.Replace(rk::LoadWarmModel(backend, options.model, options.infer, stage.log,
                                    [&](const rk::WarmModel& model) { infer.RequireFit(model); }),
                  stage.log);
  });
  const auto sink = rk::OpenSink(options.link, stage);  // last: nothing waits for a model to load
  const auto source = rk::OpenSource(options.link, rk::Holds::kUntilSent, stage);
  stage.Ready();
  rk::RunMiddle(*source, *sink, stage.signals.drain_fd(), infer,
                &stage.metrics.Histogram("batch_seconds"));
}

void Run(Options& options, rk::Stage& stage) {
  rk::CheckLinks(options.link);
  std::optional<rk::Infer> infer;  // lives longer than whoever replaces its model
  rk::Reloader reloader(stage.log, stage.metrics);
  stage.signals.OnReload(reloader.Request());
  if (options.describe || options.bench) stage.signals.EndAtOnce();
  rk::Backend& backend = rk::OpenBackend(rk::BackendFor(options.model.file), rk::ModuleFolders());
  backend.UseThreads(options.threads);
  options.infer.batching.max_delay =
      std::chrono::nanoseconds(static_cast<int64_t>(options.max_delay_ms * 1e6));
  if (!options.buckets.empty()) options.infer.UseBuckets(options.buckets);
  rk::ReportTo(stage.metrics, options.infer);
  auto model = rk::LoadWarmModel(backend, options.model, options.infer, stage.log);
  if (options.describe) rk::WriteOutput(stage.output, rk::Describe(*model));
  if (options.bench) {
    const auto bench = [&](const auto& tell) { return rk::Bench(*model, options.infer, tell); };
    rk::WriteOutput(stage.output, rk::ShowSteps(stage, "sizes", bench));
  }
  if (stage.check || options.describe || options.bench) return;
  infer.emplace(std::move(model), options.infer);
  Serve(options, backend, *infer, reloader, stage);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
