#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <librdkafka/rdkafka.h>

namespace rk::support {

/// What a program of the tests cannot do; the message is all that a person gets
/// to see.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <auto Destroy>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};

using Client = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Conf = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Deleter<rd_kafka_topic_partition_list_destroy>>;

/// Which cluster, and what its clients are told.
struct Connection {
  std::string brokers;
  std::vector<std::string> properties;  ///< "name=value" each; they win over a program's own

  /// -b and -X, as kcat has them. The broker's default is RK_BROKERS.
  void AddOptions(CLI::App& app);
};

using Settings = std::vector<std::pair<std::string, std::string>>;

/// A configuration of `settings`, then the connection's. Throws Failure naming
/// a bad property.
Conf MakeConf(const Connection& connection, const Settings& settings);
Client MakeProducer(Conf conf);
Client MakeConsumer(Conf conf);

/// Throws Failure("`what`: …") unless `error` is none.
void Check(rd_kafka_resp_err_t error, const std::string& what);

/// The number of the topic's partitions. Throws Failure if there is no such
/// topic.
int32_t PartitionCount(rd_kafka_t* client, const std::string& topic);

/// The offset one past the last record (or transaction marker) of each of the
/// topic's partitions.
std::map<int32_t, int64_t> EndOffsets(rd_kafka_t* client, const std::string& topic);

/// The offsets that `group` has committed for the topic's partitions; -1 where
/// it has none.
std::map<int32_t, int64_t> CommittedOffsets(const Connection& connection, const std::string& topic,
                                            const std::string& group);

/// Reads every partition of `topic` from its beginning to its end, committed
/// records only, and hands each record to `take`, in offset order within a
/// partition. Returns how many there were.
uint64_t ReadTopic(const Connection& connection, const std::string& topic,
                   const std::function<void(const rd_kafka_message_t&)>& take);

/// A null key or value has a null data pointer.
inline std::string_view KeyOf(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.key), message.key_len};
}
inline std::string_view ValueOf(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.len};
}

/// Parses the options, runs `run`, and prints what goes wrong as one line on
/// stderr.
int Main(CLI::App& app, int argc, char** argv, const std::function<int()>& run);

}  // namespace rk::support
