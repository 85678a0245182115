#include "lib/kafka/handle.h"

#include <syslog.h>

namespace rk {
namespace {

LogLevel LevelOf(int syslog_level, std::string_view facility) {
  // One properties file serves reader and writer; that a producer ignores group.id is no news.
  if (facility == "CONFWARN" || syslog_level >= LOG_INFO) return LogLevel::kDebug;
  return LogLevel::kWarning;
}

void ForwardLog(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  std::string_view message = text;
  if (message.starts_with("[thrd:")) {
    const size_t end = message.find("]: ");
    if (end != std::string_view::npos) message.remove_prefix(end + 3);
  }
  (*static_cast<const Log*>(rd_kafka_opaque(handle)))(LevelOf(level, facility), message);
}

std::string_view AdviceFor(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotAuthorised:
      return "check user, password, security.protocol and the broker's ACLs";
    case ErrorKind::kUnavailable:
      return "is the address right, is the broker running, and does security.protocol match its "
             "listener?";
    default:
      return {};
  }
}

}  // namespace

void SetProperty(rd_kafka_conf_t* conf, const Property& property) {
  char reason[512];
  if (rd_kafka_conf_set(conf, property.first.c_str(), property.second.c_str(), reason,
                        sizeof(reason)) == RD_KAFKA_CONF_OK) {
    return;
  }
  throw Error(ErrorKind::kConfiguration,
              "property " + property.first + ": " + reason + " (-X list shows all of them)");
}

ConfPtr MakeConf(const ClientSettings& settings, std::span<const Property> defaults) {
  ConfPtr conf(rd_kafka_conf_new());
  for (const Property& property : defaults) SetProperty(conf.get(), property);
  for (const Property& property : settings.properties) SetProperty(conf.get(), property);
  if (!settings.brokers.empty()) SetProperty(conf.get(), {"bootstrap.servers", settings.brokers});
  return conf;
}

HandlePtr MakeHandle(rd_kafka_type_t type, ConfPtr conf, const Log* log) {
  rd_kafka_conf_set_opaque(conf.get(), const_cast<Log*>(log));
  rd_kafka_conf_set_log_cb(conf.get(), ForwardLog);
  char reason[512];
  HandlePtr handle(rd_kafka_new(type, conf.get(), reason, sizeof(reason)));
  if (!handle) {
    throw Error(ErrorKind::kConfiguration, std::string("the Kafka client refuses: ") + reason);
  }
  (void)conf.release();
  return handle;
}

ErrorKind KindOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return ErrorKind::kNotAuthorised;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return ErrorKind::kMissing;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return ErrorKind::kConfiguration;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return ErrorKind::kTryAgain;
    default:
      return ErrorKind::kUnavailable;
  }
}

std::string_view MissingRight(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return " (the user needs Read on this Group)";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return " (the user needs Write on this TransactionalId)";
    default:
      return {};
  }
}

void LastClientError::Note(rd_kafka_event_t* event) {
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  if (is_authentication()) return;
  // "All brokers down" follows the message that says why.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !empty()) return;
  error_ = error;
  text_ = rd_kafka_event_error_string(event);
}

void LastClientError::Clear() {
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  text_.clear();
}

Error LastClientError::MakeError(const std::string& what) const {
  const ErrorKind kind = KindOf(error_);
  std::string message = what;
  if (!empty()) message += ": " + text_;
  const std::string_view advice = AdviceFor(kind);
  if (!advice.empty()) message.append(" (").append(advice).append(")");
  return Error(kind, message);
}

}  // namespace rk
