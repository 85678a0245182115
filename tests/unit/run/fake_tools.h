#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "lib/run/resolve.h"
#include "lib/stage/option_report.h"

namespace rk {

/// Answers for the tools as they would, as far as rk-run looks at it, without starting them.
inline std::vector<ToolOptions> FakeTools(const std::vector<ToolCommand>& commands) {
  std::vector<ToolOptions> answers;
  for (const auto& [where, command] : commands) {
    CLI::App app;
    app.option_defaults()->always_capture_default();
    app.allow_extras();
    std::vector<std::string> topics;
    std::string group, partitions, instance, brokers, config, device, in, out, interval;
    int threads = 1;
    size_t window = size_t{64} << 20;
    size_t max_frame = size_t{64} << 20;
    bool end = false;
    app.add_flag("-e,--exit", end);
    bool quiet = false;
    bool verbose = false;
    app.add_flag("-q,--quiet", quiet);
    app.add_flag("-v,--verbose", verbose);
    app.add_option("-t,--topic", topics)->expected(1)->take_all();
    app.add_option("-G,--group", group);
    app.add_option("-p,--partition", partitions)->take_last();
    app.add_option("--instance", instance);
    bool exactly_once = false;
    std::string transactional_id;
    app.add_flag("--exactly-once", exactly_once);
    app.add_option("--transactional-id", transactional_id);
    app.add_option("-b,--brokers", brokers);
    app.add_option("-F", config);
    app.add_option("--device", device);
    app.add_option("--in", in);
    app.add_option("--out", out);
    app.add_option("--max-frame", max_frame)->transform(CLI::AsSizeValue(false));
    app.add_option("--report-interval", interval);
    std::string from, to;
    app.add_option("--from", from);
    app.add_option("--to", to);
    app.add_option("--threads", threads);
    app.add_option("--window-bytes", window)->transform(CLI::AsSizeValue(false));
    app.parse(std::vector<std::string>(command.rbegin(), command.rend() - 1));
    const bool writes = command[0].ends_with("rk-write") && !topics.empty();
    OptionFacts facts{{"group", {group}}, {"brokers", {brokers}}};
    if (config == "grouped.conf") facts["group"] = {"of-the-file"};
    if (writes) facts["written_topics"] = {topics[0], topics[0] + ".dlq"};
    answers.emplace_back(OptionsJson(app, facts));
  }
  return answers;
}

/// A stage as it is resolved alone.
inline StageSpec Resolved(StageSpec stage) {
  stage.options = FakeTools({{stage.where, stage.argv}})[0];
  return stage;
}

}  // namespace rk
