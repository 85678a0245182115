// Produces the records of tests and benchmarks, and waits for each one's
// delivery report.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/support/kafka_client.h"
#include "tests/support/record_line.h"
#include "tests/support/record_maker.h"

namespace rk::support {
namespace {

constexpr int kDeliveryTimeoutMs = 120000;
constexpr int kTransactionTimeoutMs = 30000;
constexpr auto kDescription =
    "Fills a topic: with made-up records (-n and the options of their shape), "
    "or with those that\n"
    "--lines names. Prints how many were delivered as JSON.";

struct Options {
  Connection connection;
  std::string topic;
  Shape shape;
  std::string lines;
  int32_t partition = RD_KAFKA_PARTITION_UA;
  uint64_t rate = 0;
  uint64_t transaction = 0;
};

struct Counts {
  uint64_t delivered = 0;
  uint64_t failed = 0;
  uint64_t aborted = 0;
  std::string reason;  // of the last that failed
};

void CountDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& counts = *static_cast<Counts*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++counts.delivered;
  } else {
    ++counts.failed;
    counts.reason = rd_kafka_err2str(message->err);
  }
}

Client MakeFiller(const Options& options, Counts& counts, const Settings& more) {
  // An idempotent producer starts half a second later: not for a few lines.
  Settings settings = {{"enable.idempotence", options.lines.empty() ? "true" : "false"},
                       {"linger.ms", options.rate > 0 ? "0" : "5"},
                       {"partitioner", "murmur2_random"},
                       {"queue.buffering.max.messages", "500000"},
                       {"message.max.bytes", "100000000"}};
  settings.insert(settings.end(), more.begin(), more.end());
  Conf conf = MakeConf(options.connection, settings);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), CountDelivery);
  rd_kafka_conf_set_opaque(conf.get(), &counts);
  return MakeProducer(std::move(conf));
}

rd_kafka_headers_t* HeadersOf(const Record& record) {
  if (record.headers.empty()) return nullptr;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                        value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : -1);
  }
  return headers;
}

// librdkafka copies keys and values; a null pointer, and only that, is a null.
void Produce(rd_kafka_t* client, const Options& options, const Record& record) {
  rd_kafka_headers_t* headers = HeadersOf(record);
  const void* key = record.key ? record.key->data() : nullptr;
  const size_t key_size = record.key ? record.key->size() : 0;
  void* value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
  const size_t value_size = record.value ? record.value->size() : 0;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__QUEUE_FULL;
  while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(options.topic.c_str()), RD_KAFKA_V_PARTITION(options.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
        RD_KAFKA_V_VALUE(value, value_size), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_END);
    rd_kafka_poll(client, error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && headers != nullptr) rd_kafka_headers_destroy(headers);
  Check(error, "producing to " + options.topic);
}

// Sleeps until the record number `made` is due.
void Pace(std::chrono::steady_clock::time_point start, uint64_t made, uint64_t rate) {
  if (rate == 0) return;
  std::this_thread::sleep_until(start + std::chrono::nanoseconds(1000000000 / rate) * made);
}

void FillFromShape(const Options& options, rd_kafka_t* client) {
  RecordMaker maker(options.shape);
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t made = 0; made < options.shape.count; ++made) {
    Pace(start, made, options.rate);
    Produce(client, options, maker.Next());
  }
}

void FillFromLines(const Options& options, rd_kafka_t* client) {
  std::ifstream file;
  if (options.lines != "-") file.open(options.lines);
  if (!file) throw Failure("cannot open " + options.lines);
  std::istream& input = options.lines == "-" ? std::cin : file;
  std::string line;
  while (std::getline(input, line)) Produce(client, options, ParseLine(line));
}

void CheckTransaction(rd_kafka_error_t* error, const std::string& what) {
  if (error == nullptr) return;
  const std::string reason = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw Failure(what + ": " + reason);
}

// A producer with a transaction open, for as long as it exists.
Client BeginTransactions(const Options& options, Counts& counts, const std::string& suffix) {
  Client client =
      MakeFiller(options, counts, {{"transactional.id", "kfill-" + options.topic + suffix}});
  CheckTransaction(rd_kafka_init_transactions(client.get(), kTransactionTimeoutMs), "init");
  return client;
}

// Two transactions write to the topic in turn, record by record; one is
// committed, the other aborted. The aborted records are made by a shape of
// their own, so that none of them can be taken for a committed one.
void FillInTransactions(const Options& options, Counts& counts) {
  const Client keeper = BeginTransactions(options, counts, "-keeper");
  Counts dropped;
  const Client dropper = BeginTransactions(options, dropped, "-dropper");
  RecordMaker kept(options.shape);
  Shape other = options.shape;
  other.first_id += other.count;
  RecordMaker lost(other);
  for (uint64_t made = 0; made < options.shape.count; made += options.transaction) {
    CheckTransaction(rd_kafka_begin_transaction(keeper.get()), "begin");
    CheckTransaction(rd_kafka_begin_transaction(dropper.get()), "begin");
    for (uint64_t i = made; i < std::min(made + options.transaction, options.shape.count); ++i) {
      Produce(keeper.get(), options, kept.Next());
      Produce(dropper.get(), options, lost.Next());
      if (i % 7 == 0) rd_kafka_flush(dropper.get(),
                                     kDeliveryTimeoutMs);  // really on the broker
    }
    Check(rd_kafka_flush(dropper.get(), kDeliveryTimeoutMs), "flush");
    CheckTransaction(rd_kafka_abort_transaction(dropper.get(), kTransactionTimeoutMs), "abort");
    CheckTransaction(rd_kafka_commit_transaction(keeper.get(), kTransactionTimeoutMs), "commit");
  }
  counts.aborted = dropped.delivered;
}

void Fill(const Options& options, Counts& counts) {
  if (options.transaction > 0) return FillInTransactions(options, counts);
  const Client client = MakeFiller(options, counts, {});
  if (options.lines.empty()) {
    FillFromShape(options, client.get());
  } else {
    FillFromLines(options, client.get());
  }
  Check(rd_kafka_flush(client.get(), kDeliveryTimeoutMs), "waiting for delivery reports");
}

int Run(const Options& options) {
  Counts counts;
  Fill(options, counts);
  std::printf("{\"delivered\":%llu,\"aborted\":%llu,\"failed\":%llu}\n",
              static_cast<unsigned long long>(counts.delivered),
              static_cast<unsigned long long>(counts.aborted),
              static_cast<unsigned long long>(counts.failed));
  if (counts.failed > 0) throw Failure("records were not delivered: " + counts.reason);
  return 0;
}

void AddOptions(CLI::App& app, Options& options) {
  options.connection.AddOptions(app);
  Shape& shape = options.shape;
  app.add_option("-t,--topic", options.topic, "The topic")->required();
  app.add_option("-n,--count", shape.count, "How many records");
  app.add_option("--mode", shape.mode, "json or odd")->check(CLI::IsMember({"json", "odd"}));
  app.add_option("--keys", shape.keys, "How many different keys")->check(CLI::PositiveNumber);
  app.add_option("--size", shape.size, "Bytes of a value in json mode");
  app.add_option("--field", shape.field, "The array of numbers in json mode");
  app.add_option("--numbers", shape.numbers, "How many are in it");
  app.add_option("--seed", shape.seed, "Same seed, same records");
  app.add_option("--first-id", shape.first_id, "Where the ids begin");
  app.add_flag("--headers", shape.headers, "Every fourth record has headers");
  app.add_flag("--stamp", shape.stamp, "A field ns with the time in nanoseconds");
  app.add_option("--lines", options.lines, "Records from a file, - for stdin (record_line.h)");
  app.add_option("-p,--partition", options.partition, "All to this partition");
  app.add_option("--rate", options.rate, "Records a second; 0: as fast as it goes");
  app.add_option("--transaction", options.transaction,
                 "Committed transactions of so many records, between aborted ones");
}

}  // namespace
}  // namespace rk::support

int main(int argc, char** argv) {
  CLI::App app(rk::support::kDescription, "kfill");
  rk::support::Options options;
  rk::support::AddOptions(app, options);
  return rk::support::Main(app, argc, argv, [&] { return rk::support::Run(options); });
}
