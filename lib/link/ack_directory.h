#pragma once

#include <string>
#include <vector>

#include "lib/batch/frame_header.h"

namespace rk {

/// Who listens for acknowledgements: each reader has a socket `ack-<origin>` in the runtime
/// directory. All functions: any thread.

/// Where the reader of that origin listens.
std::string AckPath(const std::string& directory, const Origin& origin);

/// The endpoints (`ipc://…`) of the readers in `directory` that live.
std::vector<std::string> LiveReaders(const std::string& directory);

/// Removes the sockets of readers that died. What cannot be removed stays.
void RemoveDeadReaders(const std::string& directory);

}  // namespace rk
