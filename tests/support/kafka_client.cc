#include "tests/support/kafka_client.h"

#include <array>
#include <cstdio>

namespace rk::support {
namespace {

constexpr int kAnswerTimeoutMs = 10000;
constexpr int kConsumeTimeoutMs = 30000;
constexpr size_t kBatch = 10000;

using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Deleter<rd_kafka_metadata_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>>;

void Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> reason;
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) !=
      RD_KAFKA_CONF_OK) {
    throw Failure(reason.data());
  }
}

Client MakeClient(rd_kafka_type_t type, Conf conf) {
  std::array<char, 512> reason;
  Client client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!client) throw Failure(reason.data());
  static_cast<void>(conf.release());  // the client owns it from here on
  return client;
}

PartitionList ListOf(const std::string& topic, int32_t count, int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(count));
  for (int32_t partition = 0; partition < count; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  return list;
}

// Reads what the consumer is assigned until each of `partitions` has reported
// its end.
uint64_t ReadToEnds(rd_kafka_t* consumer, int32_t partitions,
                    const std::function<void(const rd_kafka_message_t&)>& take) {
  Queue queue(rd_kafka_queue_get_consumer(consumer));
  std::vector<rd_kafka_message_t*> batch(kBatch);
  uint64_t count = 0;
  while (partitions > 0) {
    rd_kafka_message_t* first = rd_kafka_consume_queue(queue.get(), kConsumeTimeoutMs);
    if (first == nullptr) throw Failure("no answer from the broker while reading");
    batch[0] = first;
    const ssize_t more = rd_kafka_consume_batch_queue(queue.get(), 0, &batch[1], kBatch - 1);
    for (ssize_t i = 0; i <= more; ++i) {
      rd_kafka_message_t* message = batch[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        --partitions;
      } else {
        Check(message->err, "reading");
        take(*message);
        ++count;
      }
      rd_kafka_message_destroy(message);
    }
  }
  return count;
}

}  // namespace

void Connection::AddOptions(CLI::App& app) {
  app.add_option("-b,--brokers", brokers, "Where the cluster is, HOST:PORT,…")
      ->envname("RK_BROKERS")
      ->required();
  app.add_option("-X", properties, "A property of librdkafka, NAME=VALUE")->allow_extra_args(false);
}

Conf MakeConf(const Connection& connection, const Settings& settings) {
  Conf conf(rd_kafka_conf_new());
  Set(conf.get(), "bootstrap.servers", connection.brokers);
  for (const auto& [name, value] : settings) Set(conf.get(), name, value);
  for (const std::string& property : connection.properties) {
    const size_t equals = property.find('=');
    if (equals == std::string::npos) throw Failure("-X wants NAME=VALUE, not " + property);
    Set(conf.get(), property.substr(0, equals), property.substr(equals + 1));
  }
  return conf;
}

Client MakeProducer(Conf conf) { return MakeClient(RD_KAFKA_PRODUCER, std::move(conf)); }

Client MakeConsumer(Conf conf) { return MakeClient(RD_KAFKA_CONSUMER, std::move(conf)); }

void Check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw Failure(what + ": " + rd_kafka_err2str(error));
}

int32_t PartitionCount(rd_kafka_t* client, const std::string& topic) {
  Topic handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  Check(rd_kafka_metadata(client, 0, handle.get(), &answer, kAnswerTimeoutMs), "topic " + topic);
  const Metadata metadata(answer);
  Check(metadata->topics[0].err, "topic " + topic);
  return metadata->topics[0].partition_cnt;
}

std::map<int32_t, int64_t> EndOffsets(rd_kafka_t* client, const std::string& topic) {
  std::map<int32_t, int64_t> ends;
  const int32_t count = PartitionCount(client, topic);
  for (int32_t partition = 0; partition < count; ++partition) {
    int64_t low = 0;
    Check(rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &low, &ends[partition],
                                           kAnswerTimeoutMs),
          "the end of " + topic);
  }
  return ends;
}

std::map<int32_t, int64_t> CommittedOffsets(const Connection& connection, const std::string& topic,
                                            const std::string& group) {
  const Client client = MakeConsumer(MakeConf(connection, {{"group.id", group}}));
  const PartitionList list =
      ListOf(topic, PartitionCount(client.get(), topic), RD_KAFKA_OFFSET_INVALID);
  Check(rd_kafka_committed(client.get(), list.get(), kAnswerTimeoutMs), "offsets of " + group);
  std::map<int32_t, int64_t> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    committed[entry.partition] = entry.offset < 0 ? -1 : entry.offset;
  }
  return committed;
}

uint64_t ReadTopic(const Connection& connection, const std::string& topic,
                   const std::function<void(const rd_kafka_message_t&)>& take) {
  const Client consumer = MakeConsumer(MakeConf(connection, {{"group.id", "rk-support"},
                                                             {"enable.auto.commit", "false"},
                                                             {"enable.partition.eof", "true"},
                                                             {"check.crcs", "true"},
                                                             {"fetch.wait.max.ms", "10"}}));
  const int32_t count = PartitionCount(consumer.get(), topic);
  const PartitionList list = ListOf(topic, count, RD_KAFKA_OFFSET_BEGINNING);
  Check(rd_kafka_assign(consumer.get(), list.get()), "assigning " + topic);
  return ReadToEnds(consumer.get(), count, take);
}

int Main(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: error: %s\n", app.get_name().c_str(), error.what());
    return 1;
  }
}

}  // namespace rk::support
