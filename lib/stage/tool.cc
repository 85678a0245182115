#include "lib/stage/tool.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/environment.h"
#include "lib/base/error.h"
#include "lib/base/freed_memory.h"
#include "lib/observe/reports.h"
#include "lib/stage/completion.h"
#include "lib/stage/exit_code.h"
#include "lib/stage/foreign_output.h"
#include "lib/stage/option_report.h"
#include "lib/stage/option_value.h"
#include "lib/stage/standard_streams.h"
#include "lib/stage/stderr_log.h"
#include "lib/stage/version.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr double kLongestSeconds = 86'400;
constexpr rlim_t kFewestDescriptors = 64;

struct CommonOptions {
  explicit CommonOptions(const std::string& tool)
      : origin(std::make_shared<LogOrigin>(tool, Environment("RK_STAGE").value_or(""))) {}

  std::shared_ptr<LogOrigin> origin;
  bool verbose = false;
  bool quiet = false;
  std::string log_format = "text";
  double report_interval_s = 10;
  double drain_timeout_s = 9;
  bool check = false;
  bool print_options = false;
  int status_fd = -1;

  bool json() const { return log_format == "json"; }

  Log MakeLog(LogFormat text, int fd) const {
    const LogLevel least = quiet ? LogLevel::kError : verbose ? LogLevel::kDebug : LogLevel::kInfo;
    return StderrLog(origin, least, json() ? LogFormat::kJson : text, fd);
  }

  Log RunLog(int fd = STDERR_FILENO) const {
    return MakeLog(IsJournal(fd) ? LogFormat::kPlainText : LogFormat::kText, fd);
  }

  /// What is wrong with a command is said to who typed it, now.
  Log UsageLog() const { return MakeLog(LogFormat::kPlainText, STDERR_FILENO); }

  std::vector<std::string> ForStages() const {
    std::vector<std::string> words;
    if (quiet) words.emplace_back("-q");
    if (verbose) words.emplace_back("-v");
    if (log_format != "text" || Environment("RK_LOG_FORMAT"))
      words.insert(words.end(), {"--log-format", log_format});
    return words;
  }
};

milliseconds ToMilliseconds(double seconds) {
  return milliseconds(static_cast<milliseconds::rep>(seconds * 1000));
}

std::string CheckSeconds(const std::string& text) {
  double seconds = 0;
  if (CLI::detail::lexical_cast(text, seconds) && seconds >= 0 && seconds <= kLongestSeconds) {
    return {};
  }
  return fmt::format("'{}' is not a number of seconds from 0 to {:.0f}", text, kLongestSeconds);
}

// Here and not when it is used: by then a descriptor of our own may have that number.
std::string CheckStatusFd(const std::string& text) {
  int fd = -1;
  const int flags = CLI::detail::lexical_cast(text, fd) ? fcntl(fd, F_GETFL) : -1;
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return {};
  return fmt::format("'{}' is not a descriptor open for writing: the supervisor opens it", text);
}

void AddCommonOptions(CLI::App& app, bool is_stage, CommonOptions& options) {
  const std::string group = "Common options";
  app.add_flag("-v,--verbose", options.verbose, "log more")->group(group);
  app.add_flag("-q,--quiet", options.quiet, "log errors only")->group(group);
  app.add_option("--log-format", options.log_format, "log format: text or json (RK_LOG_FORMAT)")
      ->type_name("FORMAT")
      ->envname("RK_LOG_FORMAT")
      ->option_text("FORMAT=text")
      ->take_last()
      ->check([](const std::string& text) {
        return text == "text" || text == "json" ? "" : "'" + text + "' is neither text nor json";
      })
      ->group(group);
  app.add_option("--report-interval", options.report_interval_s, "time between reports; 0: none")
      ->option_text("SECONDS=10")
      ->take_last()
      ->check(CheckSeconds)
      ->group(group);
  app.add_option("--drain-timeout", options.drain_timeout_s,
                 "time to finish after SIGTERM; then exit 75")
      ->option_text("SECONDS=9")
      ->check(CheckSeconds)
      ->group(group);
  if (is_stage) {
    app.add_flag("--check", options.check, "check that it could start, and exit")->group(group);
    app.add_option("--status-fd", options.status_fd, "report readiness and metrics to descriptor N")
        ->option_text("N")
        ->check(CheckStatusFd)
        ->group(group);
  }
  app.add_option_function<std::string>(
         "--completion",
         [&app](const std::string& shell) {
           throw CLI::CallForVersion(CompletionScript(app, shell), 0);
         },
         "")
      ->transform(OneOf({"bash", "zsh"}))
      ->group(kHidden);  // for those who install it, not on everybody's screen
  app.add_flag("--print-options", options.print_options, "")->group(kHidden);  // for rk-run
  app.set_version_flag("--version", app.get_name() + " " + Version(), "print the version and exit")
      ->group(group);
  app.set_help_flag("-h,--help", "print this help and exit")->group(group);
}

void Describe(CLI::App& app, const ToolInfo& info) {
  app.name(info.name);
  app.description(info.description);
  app.footer(info.examples);
  app.get_formatter()->column_width(32);
}

// What people asked to see. Returns the exit status of that.
int Print(std::string text, const Log& log) {
  if (text.empty() || text.back() != '\n') text += '\n';
  const int reason = WriteAll(STDOUT_FILENO, text);
  if (reason == 0) return kExitDone;
  if (reason == EPIPE) return ExitCodeOf(ErrorKind::kBrokenPipe);
  log(LogLevel::kError, fmt::format("the output cannot be written: {}", std::strerror(reason)));
  return kExitIo;
}

// CLI11's own way to hide an option, an empty group, takes its name out of messages too: the group
// is empty for --help only.
void Regroup(CLI::App& app, const std::string& from, const std::string& to) {
  for (CLI::Option* option : app.get_options({})) {
    if (option->get_group() == from) option->group(to);
  }
}

std::string Help(CLI::App& app) {
  Regroup(app, kHidden, "");
  return CLI::detail::find_and_replace(app.help(), "\n\n\n", "\n\n");
}

// kcat takes topics without a letter before them.
std::string Unexpected(const CLI::App& app, const std::string& word) {
  if (word.starts_with('-')) return fmt::format("unknown option '{}'", word);
  const bool has_topic = app.get_option_no_throw("--topic") != nullptr;
  return fmt::format("unexpected '{}'{}", word,
                     has_topic ? fmt::format(": if it is a topic, write -t {}", word) : "");
}

int RefuseUsage(const ToolInfo& info, const Log& log, const std::string& reason) {
  log(LogLevel::kError, fmt::format("{} (try '{} --help')", reason, info.name));
  return kExitUsage;
}

// libzmq aborts the process where it finds no descriptor left.
void CheckDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kFewestDescriptors) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("only {} file descriptors are allowed, at least {} are needed: raise ulimit -n",
                    limit.rlim_cur, kFewestDescriptors));
  }
}

ForeignVoice VoiceOf(const ToolInfo& info, const CommonOptions& options) {
  ForeignVoice voice;
  if (info.runs_programs) {
    voice.who = "the program";
    voice.limit = ForeignLines::Limit::kAlike;
  } else if (!info.runs_foreign_code) {
    voice.who = "a library";
  }
  if (options.json()) voice.json_origin = options.origin->Json();
  return voice;
}

void Run(const ToolInfo& info, const CommonOptions& options,
         const std::function<void(Stage& stage)>& run) {
  std::optional<StandardStreams> streams;
  if (info.is_stage) streams.emplace();
  const Log log = options.RunLog(streams ? streams->error() : STDERR_FILENO);
  const milliseconds drain_timeout = ToMilliseconds(options.drain_timeout_s);
  CheckDescriptors();
  const auto now = std::chrono::steady_clock::now();
  Signals signals(drain_timeout, log);
  Metrics metrics;
  const milliseconds interval = ToMilliseconds(options.check ? 0 : options.report_interval_s);
  Reports reports(metrics, interval, log, now);
  std::optional<StatusPipe> supervisor;
  if (options.status_fd >= 0) supervisor.emplace(options.status_fd, metrics, now);
  StatusPipe* const status = supervisor ? &*supervisor : nullptr;
  Housekeeping housekeeping(signals, &reports, status);
  if (options.check) signals.EndAtOnce();
  if (options.check || !info.keeps_house) housekeeping.StartThread();
  std::optional<ForeignOutput> foreign;
  if (streams && (info.runs_foreign_code || options.json()))
    foreign.emplace(log, streams->error(), VoiceOf(info, options));
  Stage stage{info.name,           log,           signals, metrics,
              drain_timeout,       options.check, status,  &housekeeping,
              options.ForStages(), interval};
  stage.log_origin = options.origin;
  if (streams) {
    stage.output = streams->output();
    stage.error = streams->error();
  }
  run(stage);
  if (status != nullptr && signals.draining()) status->Drained();
  if (options.check) log(LogLevel::kInfo, "check passed: it could start");
}

}  // namespace

int ToolMain(const ToolInfo& info, int argc, char** argv,
             const std::function<void(CLI::App& app)>& add_options,
             const std::function<void(Stage& stage)>& run,
             const std::function<OptionFacts()>& facts) {
  OpenClosedStreams();
  KeepFreedMemory();
  CommonOptions options(info.name);
  Log log = options.UsageLog();
  CLI::App app;
  try {
    Describe(app, info);
    app.option_defaults()->always_capture_default();  // for --print-options
    add_options(app);
    AddCommonOptions(app, info.is_stage, options);
    Regroup(app, "", kHidden);
    app.parse(argc, argv);
    log = options.RunLog();
    if (options.print_options) {
      return Print(OptionsJson(app, facts ? facts() : OptionFacts{}), log);
    }
    Run(info, options, run);
    return kExitDone;
  } catch (const CLI::CallForHelp&) {
    return Print(Help(app), log);
  } catch (const CLI::Success& answer) {  // --version, and what a tool's own options print
    return Print(answer.what(), log);
  } catch (const CLI::ParseError& error) {
    // An option that is misspelt explains one that is missing.
    const std::vector<std::string> unknown = app.remaining();
    return RefuseUsage(info, options.UsageLog(),
                       unknown.empty() ? UsageReason(error) : Unexpected(app, unknown.front()));
  } catch (const Error& error) {
    // As in any pipeline of a shell whose end has enough: nothing has gone wrong here.
    const bool has_enough = error.kind() == ErrorKind::kBrokenPipe;
    if (error.kind() == ErrorKind::kUsage) log = options.UsageLog();
    log(has_enough ? LogLevel::kDebug : LogLevel::kError, error.what());
    return ExitCodeOf(error.kind());
  } catch (const std::bad_alloc&) {
    log(LogLevel::kError, "out of memory: add some, or use smaller frames and windows");
    return kExitTryAgain;
  } catch (const std::system_error& error) {
    log(LogLevel::kError, error.what());
    return kExitIo;
  } catch (const std::exception& error) {
    log(LogLevel::kError, fmt::format("this is a bug: {}", error.what()));
    return kExitBug;
  }
}

}  // namespace rk
