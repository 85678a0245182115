// The limit that rk is measured against: one process that consumes and produces
// with librdkafka and does nothing else. Records are read in batches and
// produced without a copy, with the same guarantees as rk-write (idempotent,
// acks=all); offsets are committed once their records are delivered, once a
// second and at the end.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

constexpr size_t kBatch = 10000;
constexpr int kIdleMs = 100;
constexpr int kFlushTimeoutMs = 60000;
constexpr auto kCommitInterval = std::chrono::seconds(1);

std::atomic<bool> stopped = false;

struct Options {
  Connection connection;
  std::string input;
  std::string output;
  std::string group;
  bool exit_at_end = false;
};

class Loop {
 public:
  explicit Loop(const Options& options)
      : options_(options), consumer_(MakeReader()), producer_(MakeWriter()) {}

  // Copies until stopped or, if asked for, until the end of each partition.
  // Returns the count.
  uint64_t Run();

 private:
  Client MakeReader() const;
  Client MakeWriter();
  void Assign();
  void Take(rd_kafka_message_t* message);
  void Produce(rd_kafka_message_t* message);
  void Commit(bool wait);
  static void Delivered(rd_kafka_t*, const rd_kafka_message_t* report, void* opaque);

  Options options_;
  std::vector<std::atomic<int64_t>> delivered_;  // by partition: the next offset
  Client consumer_;
  Client producer_;
  int32_t reading_ = 0;  // partitions whose end is not reached
  uint64_t count_ = 0;
};

Client Loop::MakeReader() const {
  return MakeConsumer(MakeConf(options_.connection,
                               {{"group.id", options_.group},
                                {"enable.auto.commit", "false"},
                                {"enable.partition.eof", options_.exit_at_end ? "true" : "false"},
                                {"queued.max.messages.kbytes", "65536"},
                                {"queued.min.messages", "1000000"}}));
}

Client Loop::MakeWriter() {
  Conf conf = MakeConf(options_.connection, {{"enable.idempotence", "true"},
                                             {"linger.ms", options_.exit_at_end ? "5" : "0"},
                                             {"partitioner", "murmur2_random"},
                                             {"queue.buffering.max.messages", "2000000"},
                                             {"queue.buffering.max.kbytes", "2097151"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &Loop::Delivered);
  rd_kafka_conf_set_opaque(conf.get(), this);
  return MakeProducer(std::move(conf));
}

void Loop::Assign() {
  reading_ = PartitionCount(consumer_.get(), options_.input);
  delivered_ = std::vector<std::atomic<int64_t>>(static_cast<size_t>(reading_));
  const PartitionList list(rd_kafka_topic_partition_list_new(reading_));
  for (int32_t partition = 0; partition < reading_; ++partition) {
    rd_kafka_topic_partition_list_add(list.get(), options_.input.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  Check(rd_kafka_assign(consumer_.get(), list.get()), "assigning " + options_.input);
}

// The delivery report brings the consumed record back, whose bytes are free to
// go from here on. An exception cannot pass librdkafka's frames.
void Loop::Delivered(rd_kafka_t*, const rd_kafka_message_t* report, void* opaque) {
  if (report->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::fprintf(stderr, "bench-loop: error: delivering: %s\n", rd_kafka_err2str(report->err));
    std::_Exit(1);
  }
  auto* consumed = static_cast<rd_kafka_message_t*>(report->_private);
  auto& next = static_cast<Loop*>(opaque)->delivered_[static_cast<size_t>(consumed->partition)];
  next.store(consumed->offset + 1, std::memory_order_relaxed);
  rd_kafka_message_destroy(consumed);
}

void Loop::Produce(rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  rd_kafka_message_detach_headers(message, &headers);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__QUEUE_FULL;
  while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    error = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_TOPIC(options_.output.c_str()), RD_KAFKA_V_MSGFLAGS(0),
        RD_KAFKA_V_KEY(message->key, message->key_len),
        RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(message, nullptr)),
        RD_KAFKA_V_OPAQUE(message), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) rd_kafka_poll(producer_.get(), 10);
  }
  Check(error, "producing to " + options_.output);
}

void Loop::Take(rd_kafka_message_t* message) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    --reading_;
    rd_kafka_message_destroy(message);
    return;
  }
  Check(message->err, "reading " + options_.input);
  Produce(message);
  ++count_;
}

void Loop::Commit(bool wait) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(delivered_.size())));
  for (size_t partition = 0; partition < delivered_.size(); ++partition) {
    const int64_t next = delivered_[partition].load(std::memory_order_relaxed);
    if (next == 0) continue;
    rd_kafka_topic_partition_list_add(list.get(), options_.input.c_str(),
                                      static_cast<int32_t>(partition))
        ->offset = next;
  }
  if (list->cnt > 0) Check(rd_kafka_commit(consumer_.get(), list.get(), wait ? 0 : 1), "commit");
}

uint64_t Loop::Run() {
  Assign();
  const Queue queue(rd_kafka_queue_get_consumer(consumer_.get()));
  std::vector<rd_kafka_message_t*> batch(kBatch);
  auto next_commit = std::chrono::steady_clock::now() + kCommitInterval;
  std::jthread reports([this](const std::stop_token& token) {
    while (!token.stop_requested()) rd_kafka_poll(producer_.get(), kIdleMs);
  });
  while (!stopped && (!options_.exit_at_end || reading_ > 0)) {
    // A batch's own time-out waits until the batch is full: so wait for one
    // record, then take what else is there.
    batch[0] = rd_kafka_consume_queue(queue.get(), kIdleMs);
    if (batch[0] != nullptr) {
      const ssize_t more = rd_kafka_consume_batch_queue(queue.get(), 0, &batch[1], kBatch - 1);
      for (ssize_t i = 0; i <= more; ++i) Take(batch[static_cast<size_t>(i)]);
    }
    if (std::chrono::steady_clock::now() < next_commit) continue;
    Commit(false);
    next_commit += kCommitInterval;
  }
  reports.request_stop();
  reports.join();
  Check(rd_kafka_flush(producer_.get(), kFlushTimeoutMs), "waiting for delivery reports");
  Commit(true);
  return count_;
}

int RunLoop(const Options& options) {
  std::signal(SIGTERM, [](int) { stopped = true; });
  Loop loop(options);
  std::printf("{\"copied\":%llu}\n", static_cast<unsigned long long>(loop.Run()));
  return 0;
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app("Copies a topic in one process, as fast as librdkafka can.", "bench-loop");
  rk::support::Options options;
  options.connection.AddOptions(app);
  app.add_option("input", options.input, "The input topic")->required();
  app.add_option("output", options.output, "The output topic")->required();
  app.add_option("-G,--group", options.group, "The group to commit to")->required();
  app.add_flag("-e", options.exit_at_end, "Exit at the end of the partitions");
  return rk::support::Main(app, argc, argv, [&] { return rk::support::RunLoop(options); });
}
