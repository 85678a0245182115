#pragma once

#include <memory>

#include "lib/read/reader.h"
#include "lib/stage/tool.h"

namespace rk {

/// A Reader on the brokers of its options, which are asked for the topics first. Throws
/// Error(kMissing), Error(kUnavailable), …. Like the two below, for the thread that is to Run() it.
std::unique_ptr<Reader> OpenReader(const ReaderOptions& options, Sink& sink, Stage& stage);

/// Asks the brokers whether the topics and the fixed partitions are there; throws what OpenReader()
/// would.
void CheckReader(const ReaderOptions& options, const Log& log);

/// Commits for the group, in each partition, the offset where it is to start, and reads nothing.
/// The brokers refuse it while the group has members.
void SetGroupOffsets(const ReaderOptions& options, const Log& log);

}  // namespace rk
