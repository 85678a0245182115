#include "lib/kafka/rdkafka_transaction_client.h"

#include <sys/eventfd.h>

#include <chrono>
#include <utility>

#include "lib/base/failpoint.h"
#include "lib/kafka/consumer_client.h"
#include "lib/kafka/offset_origin.h"

namespace rk {
namespace {

using Outcome = TransactionFlow::Outcome;
using Result = TransactionClient::Result;

/// How long one call may take before it is asked whether we still want it.
constexpr int kSliceMs = 250;
constexpr std::chrono::milliseconds kBackoff{20};
const std::string kTransactionalId = "transactional id ";

using GroupMetadataPtr =
    Owned<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;

bool IsFenced(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

bool IsOfMembership(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
         error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

Result ResultOf(const rd_kafka_error_t* error) {
  Result result;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  result.text = rd_kafka_error_string(error);
  result.text += MissingRight(code);
  const ErrorKind kind = KindOf(code);
  if (kind == ErrorKind::kNotAuthorised || kind == ErrorKind::kConfiguration)
    result.fatal = Error(kind, result.text);
  const bool abort = rd_kafka_error_txn_requires_abort(error) != 0;
  result.outcome = abort ? Outcome::kAbort : Outcome::kLost;
  result.fenced = !abort && IsFenced(code);
  return result;
}

/// A fatal error names what it is about.
Result About(const std::string& what, Result result) {
  if (result.fatal) result.fatal = Error(result.fatal->kind(), what + ": " + result.text);
  return result;
}

Result Stopped() { return {Outcome::kLost, false, std::nullopt, {}, std::nullopt, "stopped"}; }

/// Calls it until it neither wants to be called again nor runs out of its time.
template <typename Call>
Result Retry(const std::stop_token& stop, Call call, int slice_ms = kSliceMs) {
  while (!stop.stop_requested()) {
    const ErrorPtr error(call(slice_ms));
    if (!error) return {};
    if (!rd_kafka_error_is_retriable(error.get())) return ResultOf(error.get());
  }
  return Stopped();
}

/// librdkafka looks for the coordinator when it is called, and from then on twice a second: where
/// no broker is connected yet that is half a second for nothing. So one is asked something first.
/// That may be the one of the bootstrap servers, which does not count: so it is soon called again.
Result Open(rd_kafka_t* handle, const std::stop_token& stop) {
  constexpr int kSoonMs = 20;
  (void)rd_kafka_controllerid(handle, kSliceMs);
  return Retry(
      stop, [&](int ms) { return rd_kafka_init_transactions(handle, ms); }, kSoonMs);
}

rd_kafka_error_t* SendOffsets(rd_kafka_t* handle, const TransactionFlow::Offsets& offsets,
                              int timeout_ms) {
  const GroupMember& member = offsets.member;
  const GroupMetadataPtr metadata(rd_kafka_consumer_group_metadata_new_with_genid(
      offsets.group.c_str(), member.generation, member.member_id.c_str(),
      member.instance_id.empty() ? nullptr : member.instance_id.c_str()));
  const ListPtr list = ToList(offsets.offsets);
  // Since when, and of which topic: so a reader that comes to have the partition knows that its -o
  // is over, and whether the topic is another one.
  for (int i = 0; i < list->cnt; ++i)
    AddNote(offsets.topic_ids.at(static_cast<size_t>(i)), list->elems[i]);
  return rd_kafka_send_offsets_to_transaction(handle, list.get(), metadata.get(), timeout_ms);
}

/// The error of the answer, or the first of a partition's; or that the user may not ask.
rd_kafka_resp_err_t AskCommitted(rd_kafka_t* handle, rd_kafka_topic_partition_list_t& list) {
  constexpr int kAnswerMs = 1000;
  const rd_kafka_resp_err_t error = rd_kafka_committed(handle, &list, kAnswerMs);
  const QueuePtr said(rd_kafka_queue_get_consumer(handle));
  while (const EventPtr event{rd_kafka_queue_poll(said.get(), 0)}) {
    const rd_kafka_resp_err_t reason = rd_kafka_event_error(event.get());
    if (error && KindOf(reason) == ErrorKind::kNotAuthorised) return reason;
  }
  if (error) return error;
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err) return list.elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

RdkafkaTransactionClient::RdkafkaTransactionClient(Confs confs, const Names& names, int event_fd,
                                                   const Log* log)
    : confs_(std::move(confs)),
      id_(names.id),
      event_fd_(event_fd),
      log_(log),
      producer_(confs_.producer(names.id), names.output, names.dead_letters, event_fd, log) {}

void RdkafkaTransactionClient::Start(Step step) {
  step_ = std::jthread([this, step = std::move(step)](const std::stop_token& stop) {
    Result result;
    try {
      result = step(stop);
    } catch (const Error& error) {
      result.fatal = error;
    }
    {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
    }
    eventfd_write(event_fd_, 1);
  });
}

std::optional<Result> RdkafkaTransactionClient::TakeResult() {
  const std::lock_guard lock(mutex_);
  return std::exchange(result_, std::nullopt);
}

bool RdkafkaTransactionClient::Begin() {
  const ErrorPtr error(rd_kafka_begin_transaction(producer_.handle()));
  return !error;
}

void RdkafkaTransactionClient::StartOpen() {
  Start([this](const std::stop_token& stop) {
    return About(kTransactionalId + id_, Open(producer_.handle(), stop));
  });
}

void RdkafkaTransactionClient::StartAbort() {
  Start([this](const std::stop_token& stop) {
    Result result = About(kTransactionalId + id_, Retry(stop, [&](int ms) {
                            return rd_kafka_abort_transaction(producer_.handle(), ms);
                          }));
    if (result.outcome != Outcome::kDone) result.outcome = Outcome::kLost;
    return result;
  });
}

void RdkafkaTransactionClient::StartCommit(std::vector<TransactionFlow::Offsets> offsets) {
  Start([this, offsets = std::move(offsets)](const std::stop_token& stop) {
    return Commit(offsets, stop);
  });
}

Result RdkafkaTransactionClient::Commit(const std::vector<TransactionFlow::Offsets>& offsets,
                                        const std::stop_token& stop) {
  rd_kafka_t* handle = producer_.handle();
  for (const auto& one : offsets) {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    Result result = Retry(stop, [&](int ms) {
      rd_kafka_error_t* error = SendOffsets(handle, one, ms);
      code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
      return error;
    });
    if (result.outcome == Outcome::kDone) continue;
    if (IsOfMembership(code)) result.refused = one.endpoint;
    return About("group " + one.group, std::move(result));
  }
  Failpoint("offsets-not-committed");
  Result result =
      About(kTransactionalId + id_,
            Retry(stop, [&](int ms) { return rd_kafka_commit_transaction(handle, ms); }));
  // The commit may have been carried out all the same: a new producer finds out.
  if (result.outcome != Outcome::kDone) result.outcome = Outcome::kLost;
  return result;
}

void RdkafkaTransactionClient::StartTakeover(const TransactionFlow::Takeover& takeover) {
  Start([this, takeover](const std::stop_token& stop) { return TakeOver(takeover, stop); });
}

Result RdkafkaTransactionClient::TakeOver(const TransactionFlow::Takeover& takeover,
                                          const std::stop_token& stop) {
  for (const std::string& id : takeover.fence) {
    Result result = Fence(id, stop);
    if (result.outcome != Outcome::kDone || result.fatal) return result;
  }
  std::map<std::string, TopicIds> groups;
  for (const auto& [whose, topic_id] : takeover.partitions)
    groups[whose.group][whose.partition] = topic_id;
  Result result;
  for (const auto& [group, partitions] : groups)
    result = ReadCommitted(group, partitions, std::move(result), stop);
  return result;
}

/// Under an id that is not ours: whoever has it can commit nothing any more.
Result RdkafkaTransactionClient::Fence(const std::string& id, const std::stop_token& stop) {
  const HandlePtr fence = MakeHandle(RD_KAFKA_PRODUCER, confs_.producer(id), log_);
  return About(kTransactionalId + id, Open(fence.get(), stop));
}

// A consumer is asked, since librdkafka (2.12) crashes where a producer asks by its admin interface
// and the broker is not the group's coordinator any more.
rd_kafka_t* RdkafkaTransactionClient::GroupOf(const std::string& name) {
  GroupPtr& group = groups_[name];
  if (!group) {
    group.reset(MakeHandle(RD_KAFKA_CONSUMER, confs_.group(name), log_).release());
    rd_kafka_poll_set_consumer(group.get());
  }
  return group.get();
}

Result RdkafkaTransactionClient::ReadCommitted(const std::string& group, const TopicIds& topic_ids,
                                               Result result, const std::stop_token& stop) {
  std::vector<TopicPartition> partitions;
  for (const auto& [partition, topic_id] : topic_ids) partitions.push_back(partition);
  while (result.outcome == Outcome::kDone && !result.fatal) {
    const ListPtr list = ToList(partitions);
    const rd_kafka_resp_err_t error = AskCommitted(GroupOf(group), *list);
    if (!error) {
      for (int i = 0; i < list->cnt; ++i) {
        const auto& element = list->elems[i];
        const TopicPartition partition{element.topic, element.partition};
        // What is committed of a topic that was deleted since says nothing of this one.
        if (IsOfOtherTopic(OriginOf(element), topic_ids.at(partition))) continue;
        if (element.offset >= 0) result.committed[{group, partition}] = element.offset;
      }
      return result;
    }
    const ErrorKind kind = KindOf(error);
    if (kind == ErrorKind::kNotAuthorised || kind == ErrorKind::kConfiguration)
      result.fatal = Error(kind, "group " + group + ": " + rd_kafka_err2str(error));
    if (stop.stop_requested()) return Stopped();
    std::this_thread::sleep_for(kBackoff);
  }
  return result;
}

}  // namespace rk
