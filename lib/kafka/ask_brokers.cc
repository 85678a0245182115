#include "lib/kafka/ask_brokers.h"

#include <array>
#include <thread>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

using ResourcePtr = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

constexpr milliseconds kPause{100};

}  // namespace

AdminOptionsPtr MakeAdminOptions(rd_kafka_t* handle, rd_kafka_admin_op_t operation,
                                 milliseconds timeout) {
  AdminOptionsPtr options(rd_kafka_AdminOptions_new(handle, operation));
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                            reason, sizeof reason);
  return options;
}

bool IsPassing(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
      return true;
    default:
      return false;
  }
}

rd_kafka_resp_err_t AskUntilAnswered(
    milliseconds timeout, const std::function<rd_kafka_resp_err_t(milliseconds left)>& ask) {
  const auto deadline = Clock::now() + timeout;
  auto left = timeout;
  while (true) {
    const rd_kafka_resp_err_t error = ask(left);
    left = std::chrono::ceil<milliseconds>(deadline - Clock::now()) - kPause;
    if (!IsPassing(error) || left <= milliseconds{0}) return error;
    std::this_thread::sleep_for(kPause);
  }
}

EventPtr AskBrokers(rd_kafka_t* handle, const BrokerQuestion& question, milliseconds timeout) {
  constexpr milliseconds kGrace{1000};  // librdkafka itself says that time is up
  const QueuePtr answers(rd_kafka_queue_new(handle));
  EventPtr event;
  rd_kafka_resp_err_t whole = RD_KAFKA_RESP_ERR_NO_ERROR;
  AskUntilAnswered(timeout, [&](milliseconds left) {
    question.send(MakeAdminOptions(handle, question.operation, left).get(), answers.get());
    event.reset(rd_kafka_queue_poll(answers.get(), static_cast<int>((left + kGrace).count())));
    whole = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (whole || !question.error_in_part) return whole;
    return question.error_in_part(event.get());
  });
  if (whole) {
    throw Error(KindOf(whole), fmt::format("{}: {}", question.what,
                                           event ? rd_kafka_event_error_string(event.get())
                                                 : rd_kafka_err2str(whole)));
  }
  return event;
}

std::optional<std::string> AskSetting(rd_kafka_t* handle, rd_kafka_ResourceType_t type,
                                      const std::string& resource, std::string_view name,
                                      milliseconds timeout) {
  const ResourcePtr asked(rd_kafka_ConfigResource_new(type, resource.c_str()));
  std::array<rd_kafka_ConfigResource_t*, 1> all{asked.get()};
  EventPtr answer;
  try {
    answer =
        AskBrokers(handle,
                   {RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "settings of " + resource,
                    [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* answers) {
                      rd_kafka_DescribeConfigs(handle, all.data(), all.size(), options, answers);
                    }},
                   timeout);
  } catch (const Error&) {
    return std::nullopt;
  }
  size_t count = 0;
  const auto* resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  if (count == 0 || rd_kafka_ConfigResource_error(resources[0])) return std::nullopt;
  const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (rd_kafka_ConfigEntry_name(entries[i]) == name) return value == nullptr ? "" : value;
  }
  return "";
}

}  // namespace rk
