#include "lib/kafka/consumer_client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/find_partitions.h"

namespace rk {
namespace {

constexpr std::chrono::milliseconds kCommitTimeout{5000};

/// Fetched but not yet framed, over all partitions: a tenth of a second of a fast topic. Each has
/// its share of it, or the least that still makes whole batches: what a fetch brings of it, and
/// what may be left of the one before when it is asked for. librdkafka keeps some 600 bytes more
/// with each record.
constexpr size_t kFetchedBytes = size_t{8} << 20;
constexpr size_t kLeastFetchBytes = size_t{96} << 10;
constexpr size_t kMostFetchBytes = size_t{1} << 20;
constexpr size_t kLeastQueueBytes = size_t{32} << 10;

constexpr std::chrono::milliseconds kRefresh{10'000};
constexpr std::chrono::milliseconds kJoinLimit{300'000};  // librdkafka's max.poll.interval.ms

/// Asked on the thread that reads: what is not answered by then is asked again later.
constexpr int kMomentMs = 250;

std::vector<Property> Defaults(const Consumer::Options& options) {
  const size_t partitions = std::max<size_t>(options.partition_count, 1);
  const size_t share = kFetchedBytes / partitions;
  const size_t fetch = std::clamp(share / 4, kLeastFetchBytes, kMostFetchBytes);
  const size_t queue = std::max(share, fetch + kLeastQueueBytes) - fetch;
  return {
      // A full fetch queue is looked at again soon: the default of a second would halt a partition
      // for that long each time the stages behind push back for a moment.
      {"fetch.queue.backoff.ms", "5"},
      {"queued.max.messages.kbytes", std::to_string(queue / 1024)},
      // A broker is asked for one thing at a time. Where the full queues are left out, that may be
      // only partitions that have nothing, and for so long nothing comes of the others either. The
      // librdkafka that scripts/setup builds waits for fetch.queue.backoff.ms then; others do not.
      {"fetch.wait.max.ms", "50"},
      {"max.partition.fetch.bytes", std::to_string(fetch)},
      // How soon new partitions and topics are noticed; the default is 5 minutes.
      {"topic.metadata.refresh.interval.ms", std::to_string(kRefresh.count())},
  };
}

/// What the guarantees need, whatever the user's properties say.
std::vector<Property> Required(const Consumer::Options& options) {
  std::vector<Property> properties = {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},
      {"auto.offset.reset", "error"},  // offsets are resolved by us, and a loss is never silent
      // Fixed partitions without a group: librdkafka wants a name, nothing is ever stored under it.
      {"group.id", options.group.empty() ? "rk-read" : options.group},
  };
  if (!options.instance.empty()) properties.push_back({"group.instance.id", options.instance});
  return properties;
}

StartOffset ParseReset(const std::string& reset, bool* is_error) {
  constexpr std::array<std::string_view, 3> kLatest = {"latest", "largest", "end"};
  *is_error = reset == "error" || reset == "none";
  const bool latest = std::ranges::find(kLatest, reset) != kLatest.end();
  return {latest ? StartOffset::Kind::kEnd : StartOffset::Kind::kBeginning, 0};
}

std::vector<TopicPartition> FromList(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list.cnt; ++i)
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  return partitions;
}

void ThrowIfFailed(rd_kafka_error_t* raw, const std::string& what) {
  const ErrorPtr error(raw);
  if (error) ThrowKafka(rd_kafka_error_code(error.get()), what, rd_kafka_error_string(error.get()));
}

bool IsEager(rd_kafka_t* handle) {
  return std::strcmp(rd_kafka_rebalance_protocol(handle), "EAGER") == 0;
}

bool IsCooperative(rd_kafka_t* handle) {
  return std::strcmp(rd_kafka_rebalance_protocol(handle), "COOPERATIVE") == 0;
}

bool IsOfRebalance(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
         error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

std::chrono::milliseconds TimeOf(const ClientSettings& client, const std::string& property,
                                 std::chrono::milliseconds otherwise) {
  const auto text = client.Find(property);
  return text ? std::chrono::milliseconds(std::stoll(*text)) : otherwise;
}

}  // namespace

void ThrowKafka(rd_kafka_resp_err_t error, const std::string& what, const char* reason) {
  throw Error(KindOf(error),
              fmt::format("{}: {}{}", what, reason ? reason : rd_kafka_err2str(error),
                          MissingRight(error)));
}

ListPtr ToList(const std::vector<TopicPartition>& partitions) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& [topic, partition] : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  return list;
}

ListPtr ToList(const std::vector<PartitionOffset>& offsets) {
  ListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = offset;
  }
  return list;
}

ConsumerClient::ConsumerClient(const Options& options, Log log)
    : group_(options.group),
      started_ms_(options.started_ms),
      instance_(options.instance.empty() ? options.client.Find("group.instance.id").value_or("")
                                         : options.instance),
      log_(std::move(log)),
      refresh_(TimeOf(options.client, "topic.metadata.refresh.interval.ms", kRefresh)),
      join_limit_(TimeOf(options.client, "max.poll.interval.ms", kJoinLimit)) {
  reset_ =
      ParseReset(options.client.Find("auto.offset.reset").value_or("earliest"), &reset_is_error_);
  ConfPtr conf = MakeConf(options.client, Defaults(options));
  for (const Property& property : Required(options)) SetProperty(conf.get(), property);
  rd_kafka_conf_set_events(
      conf.get(), RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR);
  handle_ = MakeHandle(RD_KAFKA_CONSUMER, std::move(conf), &log_);
  rd_kafka_poll_set_consumer(handle_.get());
  consumer_queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
  const uint64_t one = 1;
  rd_kafka_queue_io_event_enable(consumer_queue_.get(), events_.fd(), &one, sizeof one);
}

void ConsumerClient::Open(const PartitionOffset& start) {
  const TopicPartition& partition = start.partition;
  PartitionQueue& opened = queues_[partition] = {};
  opened.next_offset = start.offset;
  opened.queue.reset(
      rd_kafka_queue_get_partition(handle_.get(), partition.topic.c_str(), partition.partition));
  rd_kafka_queue_forward(opened.queue.get(), nullptr);
  const uint64_t one = 1;
  rd_kafka_queue_io_event_enable(opened.queue.get(), events_.fd(), &one, sizeof one);
  opened.topic_id = TopicId(partition.topic);
  if (const auto epoch = stored_epochs_.find(start); epoch != stored_epochs_.end())
    opened.leader_epochs[start.offset - 1] = epoch->second;
}

// With the leader epoch of the record before each offset: so librdkafka, and who reads on from what
// is committed, finds out when that is not the log any more that we read (KIP-320). And with what
// the next owner wants to know else.
ListPtr ConsumerClient::WithOrigins(const std::vector<PartitionOffset>& offsets) {
  ListPtr list = ToList(offsets);
  for (int i = 0; i < list->cnt; ++i) {
    const auto& [partition, offset] = offsets[static_cast<size_t>(i)];
    const auto queue = queues_.find(partition);
    if (queue == queues_.end()) continue;
    AddNote(queue->second.topic_id, list->elems[i]);
    const auto& epochs = queue->second.leader_epochs;
    const auto after = epochs.lower_bound(offset);
    if (after == epochs.begin()) continue;
    rd_kafka_topic_partition_set_leader_epoch(&list->elems[i], std::prev(after)->second);
  }
  return list;
}

void ConsumerClient::Poll() {
  while (const EventPtr event{rd_kafka_queue_poll(consumer_queue_.get(), 0)}) OnEvent(event.get());
}

void ConsumerClient::OnEvent(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return OnRebalance(event);
    case RD_KAFKA_EVENT_ERROR:
      return OnError(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT: {
      const auto error = rd_kafka_event_error(event);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
      commit_failed_ = true;
      log_(LogLevel::kWarning,
           fmt::format("commit refused, will be retried: {}", rd_kafka_err2str(error)));
      return;
    }
    default:
      return;
  }
}

void ConsumerClient::OnError(rd_kafka_event_t* event) {
  char text[512];
  // The event of a fatal error has the code of its cause.
  if (const auto fatal = rd_kafka_fatal_error(handle_.get(), text, sizeof text)) {
    if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) ThrowFenced();
    throw Error(ErrorKind::kTryAgain,
                fmt::format("group {}: {} ({})", group_, text, rd_kafka_err2name(fatal)));
  }
  const auto error = rd_kafka_event_error(event);
  const char* reason = rd_kafka_event_error_string(event);
  const bool of_group = error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
  if (of_group && group_.empty()) return;  // librdkafka looks for a coordinator nobody needs
  const ErrorKind kind = KindOf(error);
  if (kind == ErrorKind::kNotAuthorised || kind == ErrorKind::kMissing)
    ThrowKafka(error, of_group ? "group " + group_ : "broker", reason);
  log_(LogLevel::kWarning, fmt::format("{}; still trying", reason));
}

/// To come back under the same name would take the place away again from who has it now.
void ConsumerClient::ThrowFenced() const {
  throw Error(
      ErrorKind::kFenced,
      fmt::format("group {}: another reader has joined as group.instance.id={}, this one gives "
                  "way (FENCED_INSTANCE_ID)",
                  group_, instance_));
}

void ConsumerClient::OnRebalance(rd_kafka_event_t* event) {
  auto* list = rd_kafka_event_topic_partition_list(event);
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return OnAssigned(list);
  OnRevoked(list);
}

void ConsumerClient::OnAssigned(rd_kafka_topic_partition_list_t* list) {
  const auto starts = listener_->OnAssigned(FromList(*list));
  for (const auto& start : starts) Open(start);
  const ListPtr assigned = WithOrigins(starts);
  if (IsCooperative(handle_.get())) {
    ThrowIfFailed(rd_kafka_incremental_assign(handle_.get(), assigned.get()), "assignment");
  } else if (const auto error = rd_kafka_assign(handle_.get(), assigned.get())) {
    ThrowKafka(error, "assignment");
  }
}

void ConsumerClient::OnRevoked(rd_kafka_topic_partition_list_t* list) {
  const auto partitions = FromList(*list);
  listener_->OnRevoked(partitions, rd_kafka_assignment_lost(handle_.get()) != 0);
  for (const auto& partition : partitions) queues_.erase(partition);
  if (IsCooperative(handle_.get())) {
    ThrowIfFailed(rd_kafka_incremental_unassign(handle_.get(), list), "assignment");
  } else if (const auto error = rd_kafka_assign(handle_.get(), nullptr)) {
    ThrowKafka(error, "assignment");
  }
}

void ConsumerClient::Subscribe(const std::vector<std::string>& topics, Listener& listener) {
  listener_ = &listener;
  std::vector<TopicPartition> names;
  for (const auto& topic : topics) names.push_back({topic, RD_KAFKA_PARTITION_UA});
  if (const auto error = rd_kafka_subscribe(handle_.get(), ToList(names).get()))
    ThrowKafka(error, fmt::format("group {}", group_));
}

void ConsumerClient::Assign(const std::vector<PartitionOffset>& starts) {
  for (const auto& start : starts) Open(start);
  ThrowIfFailed(rd_kafka_incremental_assign(handle_.get(), WithOrigins(starts).get()),
                "assignment");
}

// Not by a seek, which librdkafka refuses where fetching has ended with an error. A group with the
// eager protocol takes only whole assignments: the other partitions go on at the record after the
// last one that we have.
void ConsumerClient::Restart(const PartitionOffset& start) {
  Open(start);
  if (IsEager(handle_.get())) {
    std::vector<PartitionOffset> all;
    for (const auto& [partition, queue] : queues_) all.push_back({partition, queue.next_offset});
    if (const auto error = rd_kafka_assign(handle_.get(), WithOrigins(all).get())) {
      ThrowKafka(error, "assignment");
    }
    return;
  }
  const ListPtr list = ToList(std::vector{start});
  ThrowIfFailed(rd_kafka_incremental_unassign(handle_.get(), list.get()), "assignment");
  ThrowIfFailed(rd_kafka_incremental_assign(handle_.get(), list.get()), "assignment");
}

std::optional<std::vector<TopicPartition>> ConsumerClient::TryFind(
    const std::vector<std::string>& topics) const {
  return FindPartitions(handle_.get(), topics, kMomentMs);
}

std::optional<int64_t> ConsumerClient::CachedEnd(const TopicPartition& partition) const {
  int64_t low = 0;
  int64_t high = 0;
  const auto error = rd_kafka_get_watermark_offsets(handle_.get(), partition.topic.c_str(),
                                                    partition.partition, &low, &high);
  if (error || high < 0) return std::nullopt;
  return high;
}

void ConsumerClient::Commit(const std::vector<PartitionOffset>& offsets) {
  if (offsets.empty()) return;
  if (const auto error = rd_kafka_commit(handle_.get(), WithOrigins(offsets).get(), 1))
    ThrowKafka(error, fmt::format("group {}: commit", group_));
}

bool ConsumerClient::CommitAndWait(const std::vector<PartitionOffset>& offsets) {
  if (offsets.empty()) return true;
  const QueuePtr answers(rd_kafka_queue_new(handle_.get()));
  const auto error = AskUntilAnswered(kCommitTimeout, [&](std::chrono::milliseconds left) {
    if (const auto refused = rd_kafka_commit_queue(handle_.get(), WithOrigins(offsets).get(),
                                                   answers.get(), nullptr, nullptr))
      return refused;
    const EventPtr event(rd_kafka_queue_poll(answers.get(), static_cast<int>(left.count())));
    return event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  });
  if (listener_ != nullptr && IsOfRebalance(error)) return false;
  if (error) ThrowKafka(error, fmt::format("group {}: commit", group_));
  return true;
}

std::optional<GroupMember> ConsumerClient::Member() const {
  using MetadataPtr =
      Owned<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;
  const MetadataPtr metadata(rd_kafka_consumer_group_metadata(handle_.get()));
  if (!metadata) return std::nullopt;
  const char* member = rd_kafka_consumer_group_metadata_member_id(metadata.get());
  const char* instance = rd_kafka_consumer_group_metadata_group_instance_id(metadata.get());
  const int32_t generation = rd_kafka_consumer_group_metadata_generation_id(metadata.get());
  if (generation < 0 || member == nullptr || *member == '\0') return std::nullopt;
  return GroupMember{generation, member, instance == nullptr ? "" : instance};
}

std::string ConsumerClient::TopicId(const std::string& topic) const {
  const auto id = topic_ids_.find(topic);
  return id == topic_ids_.end() ? "" : id->second;
}

// To destroy the client in the ordinary way is to close it, and leave.
ConsumerClient::~ConsumerClient() {
  queues_.clear();
  consumer_queue_.reset();
  if (!instance_.empty())
    rd_kafka_destroy_flags(handle_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void ConsumerClient::Close(Membership membership) {
  if (membership == Membership::kStay && !instance_.empty()) return;
  rd_kafka_consumer_close(handle_.get());
}

std::unique_ptr<Consumer> MakeConsumer(const Consumer::Options& options, Log log) {
  return std::make_unique<ConsumerClient>(options, std::move(log));
}

}  // namespace rk
