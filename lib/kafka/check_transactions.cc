#include "lib/kafka/check_transactions.h"

#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/handle.h"

namespace rk {
namespace {

constexpr char kVerification[] = "transaction.partition.verification.enable";
constexpr int kTimeoutMs = 8000;

/// A transaction time-out that no broker grants: whether the user may write to the id is found out
/// before, and nothing is done to it after.
ConfPtr MakeConfOfProbe(const ClientSettings& settings, const std::string& id) {
  const std::array defaults{Property("reconnect.backoff.ms", "20")};
  ConfPtr conf = MakeConf(settings, defaults);
  SetProperty(conf.get(), {"transactional.id", id});
  SetProperty(conf.get(),
              {"transaction.timeout.ms", std::to_string(std::numeric_limits<int32_t>::max())});
  return conf;
}

Error ErrorOf(const std::string& id, const rd_kafka_error_t* error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  std::string text = "transactional id " + id + ": " + rd_kafka_error_string(error);
  text += MissingRight(code);
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return {ErrorKind::kConfiguration, text + " (--exactly-once needs Kafka 2.5 or later)"};
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      text += " (does the topic __transaction_state have as many brokers as replicas?)";
      break;
    default:
      break;
  }
  return {KindOf(code), text};
}

/// A broker's; empty if it has none of that name, nullopt if it does not tell us.
std::optional<std::string> BrokerSetting(rd_kafka_t* handle, std::string_view name) {
  constexpr int kShortlyMs = 2000;
  return AskSetting(handle, RD_KAFKA_RESOURCE_BROKER,
                    std::to_string(rd_kafka_controllerid(handle, kShortlyMs)), name,
                    std::chrono::milliseconds(kShortlyMs));
}

void CheckTimeout(rd_kafka_t* handle, const ClientSettings& settings) {
  const auto wanted = settings.Find("transaction.timeout.ms");
  if (!wanted) return;
  const auto longest = BrokerSetting(handle, "transaction.max.timeout.ms");
  if (!longest || std::atoll(wanted->c_str()) <= std::atoll(longest->c_str())) return;
  throw Error(ErrorKind::kConfiguration,
              "property transaction.timeout.ms: the brokers grant " + *longest +
                  " at most (transaction.max.timeout.ms), not " + *wanted);
}

}  // namespace

void CheckTransactions(const ClientSettings& settings, const std::string& id, const Log& log) {
  const Log quietly = [&log](LogLevel, std::string_view text) { log(LogLevel::kDebug, text); };
  const HandlePtr probe = MakeHandle(RD_KAFKA_PRODUCER, MakeConfOfProbe(settings, id), &quietly);
  const ErrorPtr error(rd_kafka_init_transactions(probe.get(), kTimeoutMs));
  if (error && rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT)
    throw ErrorOf(id, error.get());
  CheckTimeout(probe.get(), settings);
  const auto verification = BrokerSetting(probe.get(), kVerification);
  if (!verification) {
    log(LogLevel::kDebug, "the brokers do not tell whether they verify transactions");
  } else if (*verification != "true") {
    log(LogLevel::kWarning,
        std::string("the brokers do not verify transactions (KIP-890, Kafka 3.6 or later, ") +
            kVerification +
            "): a request that the network delays may be counted to a later transaction");
  }
}

}  // namespace rk
