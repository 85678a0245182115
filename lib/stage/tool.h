#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/frame_format.h"
#include "lib/observe/metrics.h"
#include "lib/observe/status_pipe.h"
#include "lib/stage/housekeeping.h"
#include "lib/stage/log_origin.h"
#include "lib/stage/option_report.h"
#include "lib/stage/signals.h"

namespace CLI {
class App;
}

namespace rk {

/// What --help says about a tool beside its options.
struct ToolInfo {
  std::string name;         ///< rk-read
  std::string description;  ///< one or two sentences
  std::string examples;     ///< ends --help
  bool is_stage = true;     ///< false: no part of a pipeline, without --check and --status-fd
  /// Its loop watches stage.housekeeping->fd(), so that there is no thread for that: StartThread()
  /// before work that blocks.
  bool keeps_house = false;
  /// It runs code of others, which may print: that goes to the log, a few lines of it.
  bool runs_foreign_code = false;
  /// It starts programs of others, which may print: with --log-format json that goes to the log.
  bool runs_programs = false;
};

/// What every stage has: filled from the options -v, -q, --log-format, --report-interval,
/// --drain-timeout, --check and --status-fd that ToolMain() adds to each tool.
struct Stage {
  std::string name;
  Log log;
  Signals& signals;
  Metrics& metrics;
  std::chrono::milliseconds drain_timeout;  ///< how long an end of ours may take once it is due
  /// --check: look at everything that a start needs, throwing what a start would, open no link, do
  /// no work, leave nothing behind, and return; ToolMain() says that all is well. A signal ends it
  /// at once.
  bool check = false;
  StatusPipe* supervisor = nullptr;      ///< who asked with --status-fd; null: nobody
  Housekeeping* housekeeping = nullptr;  ///< for a tool that keeps house itself (ToolInfo)
  /// -q, -v and --log-format as they were given: for processes that this one starts.
  std::vector<std::string> log_options = {};
  std::chrono::milliseconds report_interval{0};  ///< between reports; 0: none
  /// Who it is in lines of JSON.
  std::shared_ptr<LogOrigin> log_origin = {};
  /// Stdout as the process was started with it, for frames and all else that is meant for it;
  /// descriptor 1 is not, so that nobody else writes there (StandardStreams).
  int output = STDOUT_FILENO;
  /// Stderr as it was started with: where the log goes.
  int error = STDERR_FILENO;

  /// To be called once, when the stage can work. Any thread.
  void Ready() const {
    if (supervisor != nullptr) supervisor->Ready();
  }
};

/// The one main wrapper. `add_options` declares the tool's own options (it opens nothing; `app`
/// checks values through CLI11's validators); `run` does the work, and reports have begun by then.
/// With --print-options, which rk-run asks for, it prints what it has parsed and what `facts` adds
/// (OptionsJson) instead of running.
/// Returns the process's exit status: errors are logged as one line on stderr,
/// `rk-read: error: message`, and mapped by ExitCodeOf(); memory that is not there is 75, a
/// std::system_error 74, any other exception a bug (70). CLI11's own exit codes never get out:
/// wrong usage is 64, --help and --version are 0.
int ToolMain(const ToolInfo& info, int argc, char** argv,
             const std::function<void(CLI::App& app)>& add_options,
             const std::function<void(Stage& stage)>& run,
             const std::function<OptionFacts()>& facts = {});

}  // namespace rk
