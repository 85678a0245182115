#pragma once

#include "lib/batch/record.h"

namespace rk {

/// What a stage that reads values does with a tombstone: a record whose value is null, by which a
/// compacted topic deletes its key.
enum class Tombstones {
  kPass,  ///< goes on as it is, so that the output's topic deletes the key too
  kDrop,  ///< is marked filtered
  kFail,  ///< is marked failed, as any other value that cannot be read
};

/// True for one that has come this far without being failed or filtered.
inline bool IsTombstone(const RecordView& record) {
  return record.state == RecordState::kOk && !record.value;
}

}  // namespace rk
