#pragma once

#include <string>

#include <librdkafka/rdkafka.h>

#include "tests/support/record_maker.h"

namespace rk::support {

// A record as a line of text that any script can make and read: timestamp in
// milliseconds, key, value, then each header as NAME=VALUE, all but the
// timestamp in hexadecimal, `-` for null, with a tab between them.

/// The record that `line` says. Throws Failure naming what is wrong with it.
Record ParseLine(const std::string& line);

/// The line of a record that was read; it owns no newline.
std::string LineOf(const rd_kafka_message_t& message);

}  // namespace rk::support
