#pragma once

#include <string>

#include "lib/run/pipeline.h"
#include "lib/run/test_spec.h"

namespace rk {

struct Stage;

/// Sends the values through one process of each stage between the pipeline's first and last, joined
/// by pipes. Throws what starting a process throws, and Error(kTryAgain) if a drain is asked for
/// meanwhile.
TestOutcome RunStages(const Pipeline& pipeline, const std::vector<std::string>& input,
                      const Stage& stage);

/// Runs each of the pipeline's tests, one after the other, and prints the report on stdout; `junit`
/// is a file for it as XML, empty for none. Returns true if all have passed. Throws
/// Error(kConfiguration) if there is none, Error(kIo), and what RunStages throws.
bool RunTests(const Pipeline& pipeline, const std::string& junit, const Stage& stage);

}  // namespace rk
