// rk-balance: a bounded queue, and whose turn it is.
#include <CLI/CLI.hpp>

#include "lib/balance/balance_loop.h"
#include "lib/stage/link_options.h"
#include "lib/stage/middle.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"

namespace {

const rk::ToolInfo kInfo = {
    "rk-balance",
    "Distributes batches among any number of processes, each to the least busy one,\n"
    "from a bounded queue. Batches of a process that died are sent again.",
    "Example:\n"
    "  rk-balance --in @ipc:///run/rk/a --out @ipc:///run/rk/b &\n"
    "  rk-infer -m credit.pt --in ipc:///run/rk/b --out ipc:///run/rk/c\n",
    /*is_stage=*/true,
    /*keeps_house=*/true,
};

struct Options {
  rk::LinkOptions link{.prefetch =
                           4};  // passed on as they come: nobody else could take them sooner
  std::string by = "none";
  size_t queue_records = 1000;
};

void AddOptions(CLI::App& app, Options& options) {
  rk::AddInputOptions(app, options.link);
  rk::AddOutputOptions(app, options.link);
  app.add_option("--by", options.by, "partition: keep each on one process at a time")
      ->option_text("WHAT=none")
      ->transform(rk::OneOf({"none", "partition"}));
  app.add_option("--queue", options.queue_records, "records to queue at most")
      ->option_text("N=1000")
      ->transform(rk::WholeNumber(1));
  rk::AddSocketOptions(app, options.link);
}

// Without fetchers to choose from there is nothing to decide, and no queue.
void RunPassage(const Options& options, rk::Stage& stage, rk::Metric& records_in) {
  stage.housekeeping->StartThread();  // a pipe or a collector that pushes back blocks
  const auto sink = rk::OpenSink(options.link, stage);
  const auto source = rk::OpenSource(options.link, rk::Holds::kNothing, stage);
  stage.Ready();
  rk::RunMiddle(*source, *sink, stage.signals.drain_fd(), [&](rk::Frame frame) {
    records_in.Add(frame.record_count());
    return frame;
  });
}

void Run(const Options& options, rk::Stage& stage) {
  rk::CheckLinks(options.link);
  if (stage.check) return;
  rk::Metric& records_in = stage.metrics.Counter("records_in");
  if (!rk::Serves(options.link)) return RunPassage(options, stage, records_in);
  const auto by =
      options.by == "partition" ? rk::Balancer::By::kPartition : rk::Balancer::By::kNone;
  const auto server = rk::OpenServer(options.link, options.queue_records, by, stage);
  const auto source = rk::OpenMessageSource(options.link, stage);
  stage.Ready();
  rk::BalanceDuties duties;
  duties.fd = stage.housekeeping->fd();
  duties.on_readable = [&] { stage.housekeeping->OnReadable(); };
  duties.draining = [&] { return stage.signals.draining(); };
  duties.received = [&](size_t records) { records_in.Add(records); };
  rk::RunBalance(*source, *server, duties);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return rk::ToolMain(
      kInfo, argc, argv, [&](CLI::App& app) { AddOptions(app, options); },
      [&](rk::Stage& stage) { Run(options, stage); });
}
