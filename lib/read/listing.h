#pragma once

#include <string>

#include "lib/base/log.h"
#include "lib/kafka/cluster.h"
#include "lib/read/reader_flags.h"

namespace rk {

/// What rk-read -L prints: brokers, topics with their offsets, groups with their lag; as kcat -L
/// words it where it has the same.
std::string ListingText(const ClusterDescription& cluster);
/// The same as one line of JSON.
std::string ListingJson(const ClusterDescription& cluster);

/// Asks the brokers for the topics (names or patterns) and the group of the flags; for all but
/// internal topics, and for all groups, where none is named. Throws Error(kMissing) for a topic or
/// a group that is not there, and what Admin and MakeClientSettings() throw.
ClusterDescription ListCluster(const ReaderFlags& flags, const Log& log);

}  // namespace rk
