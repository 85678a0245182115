#include "lib/kafka/admin.h"

#include <array>
#include <charconv>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/kafka/ask_brokers.h"
#include "lib/kafka/describe_cluster.h"
#include "lib/kafka/find_partitions.h"
#include "lib/kafka/handle.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using NewTopicPtr = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;

// One try is short, so that an authentication error in the meantime is seen soon.
constexpr milliseconds kTry{250};
constexpr milliseconds kPause{50};

ClientSettings WithAutoCreation(ClientSettings settings, bool allowed) {
  settings.properties.emplace_back("allow.auto.create.topics", allowed ? "true" : "false");
  return settings;
}

HandlePtr MakeAdminHandle(const ClientSettings& settings, const Log* log) {
  // Half of it is how soon a connection that is needed is made.
  const std::array defaults{Property("reconnect.backoff.ms", "20")};
  ConfPtr conf = MakeConf(settings, defaults);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR);
  return MakeHandle(RD_KAFKA_PRODUCER, std::move(conf), log);
}

}  // namespace

class Admin::Impl {
 public:
  Impl(const ClientSettings& settings, Log log)
      : settings_(settings),
        log_([log = std::move(log)](LogLevel, std::string_view text) {
          log(LogLevel::kDebug, text);
        }),
        handle_(MakeAdminHandle(WithAutoCreation(settings, false), &log_)),
        main_queue_(rd_kafka_queue_get_main(handle_.get())),
        replies_(rd_kafka_queue_new(handle_.get())) {}

  std::optional<TopicDescription> Describe(const std::string& topic) {
    const auto partitions = Find({topic});
    if (partitions.empty()) return std::nullopt;
    return TopicDescription{static_cast<int32_t>(partitions.size()), ClusterId()};
  }

  std::vector<TopicPartition> Find(const std::vector<std::string>& topics) {
    const auto deadline = Clock::now() + kTimeout;
    while (true) {
      if (auto partitions = FindPartitions(handle_.get(), topics, int{kTry.count()}))
        return *partitions;
      NoteErrors();
      if (last_error_.is_authentication() || Clock::now() >= deadline) {
        throw last_error_.MakeError(
            fmt::format("cannot ask the brokers about topic {}", fmt::join(topics, ", ")));
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  ClusterDescription DescribeCluster(const std::vector<std::string>& topics,
                                     const std::string& group, const Log& log) {
    const auto partitions = Find(topics.empty() ? std::vector<std::string>{"^"} : topics);
    ClusterDescription cluster = rk::DescribeCluster(handle_.get(), partitions, group, log);
    cluster.id = ClusterId();
    return cluster;
  }

  std::string ClusterId() const {
    char* id = rd_kafka_clusterid(handle_.get(), 0);
    if (id == nullptr) return {};
    std::string copy = id;
    rd_kafka_mem_free(handle_.get(), id);
    return copy;
  }

  void CreateTopic(const std::string& topic, int32_t partitions,
                   const std::vector<Property>& configuration) {
    const rd_kafka_resp_err_t error = AskToCreate(topic, partitions, configuration);
    if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
      CreateByAsking(topic);
    } else if (error != RD_KAFKA_RESP_ERR_NO_ERROR &&
               error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      throw Error(KindOf(error), "cannot create topic " + topic + ": " + rd_kafka_err2str(error) +
                                     " (create it yourself, or name another)");
    }
    WaitFor(topic);
  }

  std::optional<int64_t> MaxMessageBytes(const std::string& topic) {
    if (!HasController()) return std::nullopt;
    const auto text =
        AskSetting(handle_.get(), RD_KAFKA_RESOURCE_TOPIC, topic, "max.message.bytes", kTimeout);
    int64_t number = 0;
    if (!text ||
        std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc())
      return std::nullopt;
    return number;
  }

 private:
  /// The partition count, 0 if there is no such topic, nullopt if it is not known yet.
  static std::optional<int32_t> TryDescribe(rd_kafka_t* handle, const std::string& topic) {
    const auto found = FindPartitions(handle, {topic}, int{kTry.count()});
    if (!found) return std::nullopt;
    return static_cast<int32_t>(found->size());
  }

  void NoteErrors() {
    while (EventPtr event{rd_kafka_queue_poll(main_queue_.get(), 0)}) last_error_.Note(event.get());
  }

  AdminOptionsPtr MakeOptions(rd_kafka_admin_op_t operation) const {
    AdminOptionsPtr options(rd_kafka_AdminOptions_new(handle_.get(), operation));
    char reason[256];
    rd_kafka_AdminOptions_set_request_timeout(options.get(), int{kTimeout.count()}, reason,
                                              sizeof(reason));
    return options;
  }

  EventPtr WaitForReply() {
    return EventPtr(rd_kafka_queue_poll(replies_.get(), int{kTimeout.count()}));
  }

  rd_kafka_resp_err_t AskToCreate(const std::string& topic, int32_t partitions,
                                  const std::vector<Property>& configuration) {
    constexpr int kBrokersDefault = -1;
    if (!HasController()) return RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
    char reason[256];
    NewTopicPtr made(
        rd_kafka_NewTopic_new(topic.c_str(), partitions, kBrokersDefault, reason, sizeof(reason)));
    if (!made) throw Error(ErrorKind::kConfiguration, "topic " + topic + ": " + reason);
    for (const auto& [name, value] : configuration) {
      rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
    }
    std::array<rd_kafka_NewTopic_t*, 1> topics{made.get()};
    const AdminOptionsPtr options = MakeOptions(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(handle_.get(), topics.data(), topics.size(), options.get(),
                          replies_.get());
    const EventPtr reply = WaitForReply();
    if (!reply) return RD_KAFKA_RESP_ERR__TIMED_OUT;
    const rd_kafka_resp_err_t error = rd_kafka_event_error(reply.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(reply.get()), &count);
    return count == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_topic_result_error(results[0]);
  }

  /// librdkafka's mock cluster names a controller that is not there, for which the library would
  /// wait in vain.
  bool HasController() const {
    const rd_kafka_metadata_t* answer = nullptr;
    constexpr rd_kafka_topic_t* kNoTopic = nullptr;
    if (rd_kafka_metadata(handle_.get(), 0, kNoTopic, &answer, int{kTimeout.count()}) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      return true;
    }
    const MetadataPtr owner(answer);
    const int32_t controller = rd_kafka_controllerid(handle_.get(), 0);
    for (int i = 0; i < answer->broker_cnt; ++i) {
      if (answer->brokers[i].id == controller) return true;
    }
    return false;
  }

  // A broker without that request makes a topic when a client that allows it asks about it.
  void CreateByAsking(const std::string& topic) {
    const HandlePtr handle = MakeAdminHandle(WithAutoCreation(settings_, true), &log_);
    const auto deadline = Clock::now() + kTimeout;
    while (TryDescribe(handle.get(), topic).value_or(0) == 0 && Clock::now() < deadline) {
      std::this_thread::sleep_for(kPause);
    }
  }

  void WaitFor(const std::string& topic) {
    const auto deadline = Clock::now() + kTimeout;
    while (!Describe(topic)) {
      if (Clock::now() >= deadline) {
        throw Error(
            ErrorKind::kUnavailable,
            "topic " + topic + " was created, but the brokers do not show it yet: try again");
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  ClientSettings settings_;
  Log log_;
  HandlePtr handle_;
  QueuePtr main_queue_;
  QueuePtr replies_;
  LastClientError last_error_;
};

Admin::Admin(const ClientSettings& settings, Log log)
    : impl_(std::make_unique<Impl>(settings, std::move(log))) {}

Admin::~Admin() = default;

std::optional<TopicDescription> Admin::Describe(const std::string& topic) {
  return impl_->Describe(topic);
}

std::vector<TopicPartition> Admin::Find(const std::vector<std::string>& topics) {
  return impl_->Find(topics);
}

ClusterDescription Admin::DescribeCluster(const std::vector<std::string>& topics,
                                          const std::string& group, const Log& log) {
  return impl_->DescribeCluster(topics, group, log);
}

std::string Admin::ClusterId() { return impl_->ClusterId(); }

void Admin::CreateTopic(const std::string& topic, int32_t partitions,
                        const std::vector<Property>& configuration) {
  impl_->CreateTopic(topic, partitions, configuration);
}

std::optional<int64_t> Admin::MaxMessageBytes(const std::string& topic) {
  return impl_->MaxMessageBytes(topic);
}

}  // namespace rk
