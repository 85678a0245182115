#pragma once

// Inside lib/kafka only.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/kafka/handle.h"

namespace rk {

/// How long what is asked of the brokers on behalf of a reader may take.
constexpr std::chrono::milliseconds kAnswerTimeout{8000};
/// The same on behalf of a member of a group that has been given partitions. It would have to wait
/// as long if it were started again: for brokers that are frozen or come back, and for a
/// transaction that keeps the answer back, which ends when its writer ends it, or whoever fences
/// that, or the brokers, who take transaction.timeout.ms and 10 s to look.
constexpr std::chrono::milliseconds kMembersPatience{60'000};

/// True for errors that pass by themselves: a coordinator loads or moves, a leader is elected, a
/// connection is cut while the answer is awaited.
bool IsPassing(rd_kafka_resp_err_t error);

/// Calls `ask` with the time that is left of `timeout`, and again after a pause as long as it
/// returns an error that passes. Returns the last error.
rd_kafka_resp_err_t AskUntilAnswered(
    std::chrono::milliseconds timeout,
    const std::function<rd_kafka_resp_err_t(std::chrono::milliseconds left)>& ask);

AdminOptionsPtr MakeAdminOptions(rd_kafka_t* handle, rd_kafka_admin_op_t operation,
                                 std::chrono::milliseconds timeout);

/// A question by librdkafka's admin interface.
struct BrokerQuestion {
  rd_kafka_admin_op_t operation;
  std::string what;  ///< begins the message of an error
  /// Sends it, to be answered on that queue.
  std::function<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send;
  /// An error that some part of the answer has; empty where parts have none.
  std::function<rd_kafka_resp_err_t(rd_kafka_event_t*)> error_in_part = {};
};

/// The answer, within `timeout` and a second, asked for again as long as there is an error that
/// passes. Throws Error where the whole answer is an error; those of its parts are the caller's.
EventPtr AskBrokers(rd_kafka_t* handle, const BrokerQuestion& question,
                    std::chrono::milliseconds timeout = kAnswerTimeout);

/// A setting of a topic or a broker. Empty if it has none of that name, nullopt if the brokers do
/// not tell.
std::optional<std::string> AskSetting(rd_kafka_t* handle, rd_kafka_ResourceType_t type,
                                      const std::string& resource, std::string_view name,
                                      std::chrono::milliseconds timeout);

}  // namespace rk
