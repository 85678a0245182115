#include "lib/run/spread.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/link/connection.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

constexpr size_t kPortsOfStage = 2;
constexpr size_t kLastPort = 65535;

bool Joins(const Pipeline& pipeline) { return !pipeline.spread.join.empty(); }

const std::string& AddressOf(const Spread& spread) {
  return spread.join.empty() ? spread.listen : spread.join;
}

// Which of the ports are this stage's, from 0.
size_t FirstPortOf(const Pipeline& pipeline, const StageSpec& stage) {
  size_t port = pipeline.spread.first_port;
  for (const StageSpec& one : pipeline.stages) {
    if (one.name == stage.name) break;
    if (MayRunElsewhere(one)) port += kPortsOfStage;
  }
  return port;
}

// The name is what tells apart two machines that count the ports of different files.
std::string PortOf(const Pipeline& pipeline, const StageSpec& stage, size_t number) {
  TcpAddress address = ParseTcpAddress(AddressOf(pipeline.spread)).value_or(TcpAddress{});
  address.port = static_cast<uint16_t>(address.port + FirstPortOf(pipeline, stage) + number);
  address.link = stage.name;
  return address.text();
}

void CheckAddress(const Pipeline& pipeline) {
  const Spread& spread = pipeline.spread;
  const std::string option = Joins(pipeline) ? "--join" : "--listen";
  const TcpAddress address = RequireTcpAddress(AddressOf(spread));
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kUsage, fmt::format("{} {}: {}", option, AddressOf(spread), why));
  };
  if (address.port == 0) refuse("the other machines have to know the port: port 0 is none");
  if (Joins(pipeline) && address.any()) refuse(address.host + " names no machine");
  const auto spread_stages =
      static_cast<size_t>(std::ranges::count_if(pipeline.stages, MayRunElsewhere));
  const size_t last = address.port + spread.first_port + kPortsOfStage * spread_stages - 1;
  if (last > kLastPort)
    refuse(fmt::format("the ports from there on, two for each stage with hosts, end at {}", last));
  if (spread.keys.empty()) {
    RequireKeys({AddressOf(spread)});
  } else {
    (void)KeyFolder(spread.keys);
  }
}

}  // namespace

bool MayRunElsewhere(const StageSpec& stage) { return stage.hosts != Hosts::kHere; }

bool IsSpread(const Pipeline& pipeline, const StageSpec& stage) {
  return MayRunElsewhere(stage) && !AddressOf(pipeline.spread).empty();
}

bool RunsHere(const Pipeline& pipeline, const StageSpec& stage) {
  return Joins(pipeline) || stage.hosts != Hosts::kOthers;
}

std::string FetchAddress(const Pipeline& pipeline, const StageSpec& stage) {
  return PortOf(pipeline, stage, 0);
}

std::string PushAddress(const Pipeline& pipeline, const StageSpec& stage) {
  return PortOf(pipeline, stage, 1);
}

std::string NearAddress(const std::string& address) {
  auto tcp = ParseTcpAddress(address);
  if (!tcp || !tcp->any()) return address;
  tcp->host = tcp->ipv6() ? "::1" : "127.0.0.1";
  return tcp->text();
}

void KeepJoined(Pipeline& pipeline) {
  const std::string& name = pipeline.spread.stage;
  const auto stage = std::ranges::find(pipeline.stages, name, &StageSpec::name);
  if (stage == pipeline.stages.end()) {
    std::vector<std::string> names;
    for (const StageSpec& one : pipeline.stages) names.push_back(one.name);
    throw Error(ErrorKind::kUsage,
                fmt::format("--stage {}: the stages are {}", name, fmt::join(names, ", ")));
  }
  if (!MayRunElsewhere(*stage)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("{}: stage {} runs on the machine with the ends: hosts = \"others\" or "
                            "\"any\" lets machines join for it",
                            stage->where, name));
  }
  pipeline.spread.first_port = FirstPortOf(pipeline, *stage);
  StageSpec kept = std::move(*stage);
  pipeline.stages.clear();
  pipeline.stages.push_back(std::move(kept));
}

void CheckSpread(const Pipeline& pipeline) {
  const bool listens = !pipeline.spread.listen.empty();
  if (listens && std::ranges::none_of(pipeline.stages, MayRunElsewhere)) {
    throw Error(ErrorKind::kUsage,
                "--listen is of no use: no stage has hosts = \"others\" or \"any\"");
  }
  if (listens || Joins(pipeline)) return CheckAddress(pipeline);
  const auto others = std::ranges::find(pipeline.stages, Hosts::kOthers, &StageSpec::hosts);
  if (others == pipeline.stages.end()) return;
  throw Error(ErrorKind::kConfiguration,
              fmt::format("{}: stage {} runs on other machines: say where they find this one, "
                          "--listen tcp://ADDRESS:PORT",
                          others->where, others->name));
}

}  // namespace rk
