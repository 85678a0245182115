#pragma once

#include <string>

#include "lib/run/pipeline.h"

namespace rk {

/// The pipeline's spread over machines (docs/architecture.md, Between machines).

/// True if other machines may join for the stage.
bool MayRunElsewhere(const StageSpec& stage);
/// True if the stage's sockets are on tcp://: others join for it, or this machine does.
bool IsSpread(const Pipeline& pipeline, const StageSpec& stage);
/// True if processes of the stage run on this machine.
bool RunsHere(const Pipeline& pipeline, const StageSpec& stage);

/// Where processes of that stage fetch from and push to, if IsSpread(): links of its name.
std::string FetchAddress(const Pipeline& pipeline, const StageSpec& stage);
std::string PushAddress(const Pipeline& pipeline, const StageSpec& stage);

/// What processes on this machine connect to where `address`, of any transport, is bound.
std::string NearAddress(const std::string& address);

/// Of a pipeline as it is written leaves the stage that it joins for. Throws Error(kUsage) if there
/// is none of that name, Error(kConfiguration) if it does not run elsewhere.
void KeepJoined(Pipeline& pipeline);

/// Throws Error(kUsage) or Error(kConfiguration) if where to listen or to join is no address, or
/// has no keys, or is missing, or is of no use.
void CheckSpread(const Pipeline& pipeline);

}  // namespace rk
