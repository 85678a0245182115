#include "lib/stage/link_options.h"

#include <unistd.h>

#include <map>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/balance/serve_sink.h"
#include "lib/base/environment.h"
#include "lib/base/error.h"
#include "lib/link/bindable.h"
#include "lib/link/collect.h"
#include "lib/link/connection.h"
#include "lib/link/endpoint.h"
#include "lib/link/fetch.h"
#include "lib/link/fitting_sink.h"
#include "lib/link/pipe.h"
#include "lib/link/push.h"
#include "lib/link/tcp_address.h"
#include "lib/stage/option_value.h"
#include "lib/stage/tool.h"
#include "lib/tap/tap_links.h"

namespace rk {
namespace {

// A frame that waits for a peer, and no more: what is not sent yet can still grow.
constexpr size_t kOneFrame = 1;

// `link`: --in or --out.
LinkObserver Observe(Stage& stage, const std::string& link) {
  LinkObserver observer;
  observer.log = stage.log;
  Metric& dropped = stage.metrics.Counter("dropped_frames");
  observer.dropped = [&dropped] { dropped.Add(1); };
  if (stage.supervisor == nullptr) return observer;
  observer.waits = [&supervisor = *stage.supervisor, link](const std::string& why) {
    supervisor.Waits(link, why);
  };
  return observer;
}

LinkObserver ObserveQueue(Stage& stage) {
  LinkObserver observer = Observe(stage, "--out");
  Metric& fetchers = stage.metrics.Gauge("fetchers");
  observer.fetchers = [&fetchers](size_t count) { fetchers.Set(count); };
  Metric& queue = stage.metrics.Gauge("queue_records");
  Histogram& wait = stage.metrics.Histogram("queue_wait_seconds");
  observer.waiting = [&queue](size_t records) { queue.Set(records); };
  observer.waited = [&wait](std::chrono::steady_clock::duration waited) { wait.Observe(waited); };
  return observer;
}

// Here and not when it is opened, so that nobody waits for a model to load first.
std::string CheckEndpoint(const std::string& text) {
  try {
    ParseEndpoint(text);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

// The keys are for what leaves this machine, and for nothing else.
LinkAddress AddressOf(const LinkOptions& options, const Endpoint& endpoint) {
  return {endpoint.address, endpoint.tcp() ? LoadKeys(options) : nullptr};
}

FetchSocket::Options FetchOptions(const LinkOptions& options, const Endpoint& endpoint,
                                  Holds holds) {
  return {AddressOf(options, endpoint), options.max_frame, options.prefetch,
          holds == Holds::kUntilSent, holds == Holds::kUntilStored};
}

std::unique_ptr<Sink> OpenLink(const LinkOptions& options, Stage& stage) {
  const Endpoint endpoint = ParseEndpoint(options.out);
  const auto draining = [&signals = stage.signals] { return signals.draining(); };
  if (endpoint.pipe()) return std::make_unique<PipeSink>(stage.output);
  if (!endpoint.bind) {
    return std::make_unique<PushSink>(AddressOf(options, endpoint), options.max_frame, options.hwm,
                                      draining, Observe(stage, "--out"));
  }
  return std::make_unique<ServeSink>(
      ServeSink::Options{AddressOf(options, endpoint), options.max_frame, kOneFrame,
                         Balancer::By::kNone},
      draining, ObserveQueue(stage));
}

// Of a process of rk-run's, whose supervisor has a private directory for it; null for others. A
// stage works without it.
std::unique_ptr<Tap> OpenTap(const Stage& stage) {
  const auto process = ParseStageProcess(Environment("RK_STAGE").value_or(""));
  const auto directory = Environment("RK_RUNTIME_DIR");
  if (stage.supervisor == nullptr || !process || !directory) return nullptr;
  try {
    return std::make_unique<Tap>(TapPath(*directory, process->stage, process->replica, getpid()));
  } catch (const Error& error) {
    stage.log(LogLevel::kWarning, fmt::format("rk-tap cannot listen here: {}", error.what()));
    return nullptr;
  }
}

}  // namespace

void AddInputOptions(CLI::App& app, LinkOptions& options) {
  app.add_option("--in", options.in, "stdin (-), fetch or collect (@): ipc://, tcp://")
      ->option_text("ENDPOINT=-")
      ->check(CheckEndpoint);
  app.add_option("--prefetch", options.prefetch, "frames to fetch ahead")
      ->option_text(fmt::format("N={}", options.prefetch))
      ->transform(WholeNumber(1, 1024));
  AddMaxFrameOption(app, options);
}

CLI::Option* AddMaxFrameOption(CLI::App& app, LinkOptions& options) {
  return app.add_option("--max-frame", options.max_frame, "largest frame to accept or send")
      ->option_text("SIZE=64MiB")
      ->transform(SizeBetween(1));
}

void AddOutputOptions(CLI::App& app, LinkOptions& options) {
  app.add_option("--out", options.out, "stdout (-), push or serve (@): ipc://, tcp://")
      ->option_text("ENDPOINT=-")
      ->check(CheckEndpoint);
}

void AddSocketOptions(CLI::App& app, LinkOptions& options) {
  app.add_option("--keys", options.keys, "keys for tcp:// (rk-run --keys DIR makes them)")
      ->option_text("DIR")
      ->check(CheckGiven);
  app.add_option("--hwm", options.hwm, "frames queued when pushing or collecting")
      ->option_text("N=4")
      ->transform(WholeNumber(1, 1024));
}

void AddAckOption(CLI::App& app, LinkOptions& options) {
  app.get_option("--keys")->description("keys for tcp:// (rk-run --keys); --ack");
  app.add_option("--ack", options.ack, "take acknowledgements from other machines")
      ->option_text("tcp://ADDRESS:PORT")
      ->group("")
      ->check(CheckTcpAddress);
}

CLI::Option* AddTombstonesOption(CLI::App& app, Tombstones& tombstones) {
  const std::map<std::string, Tombstones> names = {
      {"pass", Tombstones::kPass}, {"drop", Tombstones::kDrop}, {"fail", Tombstones::kFail}};
  return app.add_option("--tombstones", tombstones, "null values: pass them on, drop or fail them")
      ->option_text("HOW=pass")
      ->transform(WordFor(names));
}

std::string CheckTcpAddress(const std::string& text) {
  try {
    (void)RequireTcpAddress(text);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

std::string CheckGiven(const std::string& text) { return text.empty() ? "is empty" : ""; }

std::optional<LinkAddress> AckAddress(const LinkOptions& options) {
  const Endpoint out = ParseEndpoint(options.out);
  auto tcp = ParseTcpAddress(options.ack.empty() ? out.address : options.ack);
  if (!tcp) return std::nullopt;
  if (options.ack.empty()) *tcp = {out.bind ? tcp->host : LocalAddressTowards(*tcp), 0};
  if (tcp->any()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} names no machine that a writer could send acknowledgements to: "
                            "give --ack tcp://ADDRESS:PORT with an address of this one",
                            tcp->text()));
  }
  return LinkAddress(tcp->text(), LoadKeys(options));
}

std::shared_ptr<const KeyFolder> LoadKeys(const LinkOptions& options) {
  if (!options.keys.empty() && !options.key_folder)
    options.key_folder = std::make_shared<const KeyFolder>(options.keys);
  return options.key_folder;
}

void CheckLinks(const LinkOptions& options) {
  for (const std::string& text : {options.in, options.out}) {
    const Endpoint endpoint = ParseEndpoint(text);
    if (!endpoint.tcp()) continue;
    const LinkAddress address = AddressOf(options, endpoint);
    RequireKeys(address);
    if (endpoint.bind) RequireBindable(address.text);
    if (address.keys && !endpoint.bind)
      (void)address.keys->KeyOf(ParseTcpAddress(address.text)->host);
  }
}

std::unique_ptr<Source> OpenSource(const LinkOptions& options, Holds holds, Stage& stage) {
  const Endpoint endpoint = ParseEndpoint(options.in);
  if (endpoint.pipe()) return std::make_unique<PipeSource>(STDIN_FILENO, options.max_frame);
  if (endpoint.bind) {
    return std::make_unique<CollectSource>(AddressOf(options, endpoint), options.max_frame,
                                           options.hwm, Observe(stage, "--in"));
  }
  auto source =
      std::make_unique<FetchSource>(FetchOptions(options, endpoint, holds), Observe(stage, "--in"));
  // Others are listened to at their output.
  auto tap = holds == Holds::kUntilStored ? OpenTap(stage) : nullptr;
  if (!tap) return source;
  return std::make_unique<TappedSource>(std::move(source), std::move(tap));
}

std::unique_ptr<MessageSource> OpenMessageSource(const LinkOptions& options, Stage& stage) {
  const Endpoint endpoint = ParseEndpoint(options.in);
  if (endpoint.pipe()) {
    return std::make_unique<PipeMessages>(OpenSource(options, Holds::kNothing, stage));
  }
  if (endpoint.bind) {
    return std::make_unique<CollectSocket>(AddressOf(options, endpoint), options.max_frame,
                                           options.hwm, Observe(stage, "--in"));
  }
  return std::make_unique<FetchSocket>(FetchOptions(options, endpoint, Holds::kNothing),
                                       Observe(stage, "--in"));
}

std::unique_ptr<Sink> OpenSink(const LinkOptions& options, Stage& stage) {
  auto sink = std::make_unique<FittingSink>(OpenLink(options, stage), options.max_frame, stage.name,
                                            stage.log);
  auto tap = OpenTap(stage);
  if (!tap) return sink;
  return std::make_unique<TappedSink>(std::move(sink), std::move(tap));
}

bool Serves(const LinkOptions& options) { return ParseEndpoint(options.out).bind; }

std::unique_ptr<FrameServer> OpenServer(const LinkOptions& options, size_t queue_records,
                                        Balancer::By by, Stage& stage) {
  stage.metrics.Gauge("queue_limit_records").Set(queue_records);
  const LinkAddress address = AddressOf(options, ParseEndpoint(options.out));
  return std::make_unique<FrameServer>(
      FrameServer::Options{address, options.max_frame, queue_records, by}, ObserveQueue(stage));
}

}  // namespace rk
