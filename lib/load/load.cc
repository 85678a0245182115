#include "lib/load/load.h"

#include <poll.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/load_producer.h"
#include "lib/load/load_meter.h"
#include "lib/load/payload.h"
#include "lib/stage/progress.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// From the start to the first record: an idempotent producer is ready half a second after it was
// made.
constexpr milliseconds kLead{1000};
constexpr milliseconds kSettle{300};  // for duplicates, after all have come
constexpr milliseconds kStep{10};

// Sleeps until `due`, to less than a millisecond; false if a drain was asked for.
bool SleepUntil(steady_clock::time_point due, Stage& stage, LoadProducer& producer) {
  while (!stage.signals.draining()) {
    const auto left = due - steady_clock::now();
    if (left <= nanoseconds(0)) return true;
    const auto step = std::min<nanoseconds>(left, kStep);
    const timespec timeout{0, step.count()};
    pollfd drain{stage.signals.drain_fd(), POLLIN, 0};
    ppoll(&drain, 1, &timeout, nullptr);
    producer.Poll();
  }
  return false;
}

/// Returns how many were sent.
uint64_t SendAll(const LoadOptions& options, const Schedule& schedule, int64_t run, Stage& stage,
                 LoadProducer& producer) {
  Metric& sent = stage.metrics.Counter("sent");
  const auto start = steady_clock::now() + kLead;
  const nanoseconds wall = (system_clock::now() + kLead).time_since_epoch();
  for (uint64_t id = 0; id < schedule.count(); ++id) {
    const nanoseconds at = schedule.At(id);
    if (!SleepUntil(start + at, stage, producer)) return id;
    const std::string key = fmt::format("k{}", id % options.keys);
    const LoadMark mark{run, static_cast<int64_t>(id), (wall + at).count()};
    producer.Send(key, MarkedPayload(mark, key, options.bodies[id % options.bodies.size()]));
    sent.Add(1);
    if (id % 64 == 0) producer.Poll();
  }
  return schedule.count();
}

void AwaitResults(LoadMeter& meter, uint64_t sent, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  while (meter.distinct() < sent && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kStep);
  }
  std::this_thread::sleep_for(kSettle);
}

bool CanCarryMark(std::string_view body, MarkReader& marks) {
  try {
    Buffer payload;
    payload.Append(MarkedPayload({}, "", body));
    return marks.Read(payload.view()).has_value();
  } catch (const Error&) {  // it does not even begin like an object
    return false;
  }
}

void CheckTopic(const LoadOptions& options, const Log& log) {
  if (Admin(options.client, log).Describe(options.topic)) return;
  throw Error(ErrorKind::kMissing, fmt::format("topic {} does not exist", options.topic));
}

void AddResults(const Tally& tally, uint64_t sent, Measurements& measured) {
  measured["loss"] = static_cast<double>(sent - std::min(sent, tally.distinct()));
  measured["duplicates"] = static_cast<double>(tally.duplicates());
  measured["disordered"] = static_cast<double>(tally.disordered());
  measured["unknown"] = static_cast<double>(tally.unknown());
  if (tally.distinct() == 0) return;  // no latency, rather than one of nothing
  for (const auto& [name, q] :
       {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}}) {
    measured[name] = std::chrono::duration<double>(tally.latencies().Quantile(q)).count();
  }
}

}  // namespace

std::vector<std::string> ReadBodies(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::kMissing, fmt::format("cannot open {}", path));
  std::vector<std::string> bodies;
  MarkReader marks;
  for (std::string line; std::getline(file, line);) {
    if (!CanCarryMark(line, marks)) {
      throw Error(ErrorKind::kBadData,
                  fmt::format("{} line {} is not a JSON object, or already has a member \"load\"",
                              path, bodies.size() + 1));
    }
    bodies.push_back(std::move(line));
  }
  if (bodies.empty()) throw Error(ErrorKind::kBadData, fmt::format("{} has no lines", path));
  return bodies;
}

Measurements RunLoad(const LoadOptions& options, Stage& stage) {
  CheckTopic(options, stage.log);
  const auto run = static_cast<int64_t>(std::random_device()());
  const Schedule schedule(options.profile, options.rate, options.duration);
  std::unique_ptr<LoadMeter> meter;
  if (!options.output.empty()) {
    meter = std::make_unique<LoadMeter>(options, run, schedule.count(), stage);
  }
  LoadProducer producer(options.client, options.topic, stage.log);
  const Metric& sent_so_far = stage.metrics.Counter("sent");
  const Progress progress(stage, "records", [&] {
    return ProgressState{static_cast<double>(sent_so_far.value()),
                         static_cast<double>(schedule.count())};
  });
  const uint64_t sent = SendAll(options, schedule, run, stage, producer);
  const auto patience = std::chrono::duration_cast<milliseconds>(options.patience);
  if (!producer.Flush(patience)) {
    throw Error(ErrorKind::kUnavailable,
                "the brokers did not store all records in time (--patience)");
  }
  if (producer.rejected() > 0) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("{} records were refused: {}", producer.rejected(), producer.reason()));
  }
  Measurements measured{{"sent", static_cast<double>(sent)}};
  if (!meter) return measured;
  AwaitResults(*meter, sent, patience);
  AddResults(meter->Finish(), sent, measured);
  return measured;
}

std::string ToJson(const Measurements& measured) {
  std::string json;
  for (const std::string_view name : MeasurementNames()) {
    const auto found = measured.find(name);
    if (found == measured.end()) continue;
    const bool duration = name.starts_with('p') || name == "max";
    json += fmt::format("{}\"{}\":{:.{}f}", json.empty() ? "{" : ",",
                        duration ? fmt::format("{}_ms", name) : std::string(name),
                        found->second * (duration ? 1e3 : 1), duration ? 3 : 0);
  }
  return json + "}";
}

}  // namespace rk
