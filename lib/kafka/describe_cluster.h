#pragma once

// Inside lib/kafka only.

#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "lib/base/log.h"
#include "lib/kafka/cluster.h"

namespace rk {

/// These partitions, which must be there, the brokers, and what the group has committed of them;
/// of every group if `group` is empty. Groups that nobody lists are left out, with a warning.
/// Throws Error.
ClusterDescription DescribeCluster(rd_kafka_t* handle,
                                   const std::vector<TopicPartition>& partitions,
                                   const std::string& group, const Log& log);

}  // namespace rk
