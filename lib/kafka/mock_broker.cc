#include "lib/kafka/mock_broker.h"

#include <utility>

#include "lib/kafka/handle.h"

// Must come after librdkafka's main header.
#include <librdkafka/rdkafka_mock.h>

namespace rk {

class MockBroker::Impl {
 public:
  explicit Impl(Log log)
      : log_(std::move(log)),
        handle_(MakeHandle(RD_KAFKA_PRODUCER, ConfPtr(rd_kafka_conf_new()), &log_)),
        cluster_(rd_kafka_mock_cluster_new(handle_.get(), 1)) {
    if (!cluster_) throw Error(ErrorKind::kUnavailable, "cannot listen on a port of 127.0.0.1");
    // A real broker waits for more members of a new group; here nobody gains by that.
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster_.get(), 0);
  }

  rd_kafka_mock_cluster_t* cluster() const { return cluster_.get(); }

 private:
  Log log_;
  HandlePtr handle_;
  Owned<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy> cluster_;
};

MockBroker::MockBroker(Log log) : impl_(std::make_unique<Impl>(std::move(log))) {}

MockBroker::~MockBroker() = default;

void MockBroker::CreateTopic(const std::string& topic, int32_t partitions) {
  const auto error = rd_kafka_mock_topic_create(impl_->cluster(), topic.c_str(), partitions, 1);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Error(ErrorKind::kConfiguration,
                "cannot create topic " + topic + ": " + rd_kafka_err2str(error));
  }
}

std::string MockBroker::address() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster());
}

}  // namespace rk
