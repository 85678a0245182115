#pragma once

#include <catch2/catch.hpp>

#include "lib/batch/frame_header.h"

namespace rk {

/// Each field by itself, so that a failure names it.
inline void CheckSame(const BatchInfo& info, const BatchInfo& expected) {
  CHECK(info.origin == expected.origin);
  CHECK(info.group == expected.group);
  CHECK(info.topic == expected.topic);
  CHECK(info.partition == expected.partition);
  CHECK(info.epoch == expected.epoch);
  CHECK(info.first_offset == expected.first_offset);
  CHECK(info.next_offset == expected.next_offset);
  CHECK(info.floor == expected.floor);
  CHECK(info.attempt == expected.attempt);
  CHECK(info.ack_endpoint == expected.ack_endpoint);
  CHECK(info.cluster_id == expected.cluster_id);
  CHECK(info.earliest_timestamp_ms == expected.earliest_timestamp_ms);
  CHECK(info.read_time_ns == expected.read_time_ns);
}

}  // namespace rk
