#include "lib/kafka/dead_letter.h"

namespace rk {

std::vector<std::pair<std::string, std::string>> DeadLetterHeaders(const BatchInfo& batch,
                                                                   const RecordView& record,
                                                                   const FailureView& failure) {
  return {{"__connect.errors.topic", std::string(batch.topic)},
          {"__connect.errors.partition", std::to_string(batch.partition)},
          {"__connect.errors.offset", std::to_string(record.offset)},
          {"__connect.errors.stage", std::string(failure.stage)},
          {"__connect.errors.exception.class.name", std::string(failure.code)},
          {"__connect.errors.exception.message", std::string(failure.message)}};
}

}  // namespace rk
