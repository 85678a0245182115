#include "lib/kafka/producer_record.h"

#include "lib/kafka/dead_letter.h"

namespace rk {
namespace {

void AddHeader(rd_kafka_headers_t* headers, std::string_view name,
               std::optional<std::string_view> value) {
  // A null pointer is a null value, which is not an empty one.
  const char* bytes = !value ? nullptr : value->data() == nullptr ? "" : value->data();
  const size_t size = value ? value->size() : 0;
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), bytes,
                      static_cast<ssize_t>(size));
}

rd_kafka_headers_t* CopyHeaders(const RecordView& record, size_t more) {
  constexpr size_t kUsualCount = 4;
  rd_kafka_headers_t* headers = rd_kafka_headers_new(kUsualCount + more);
  HeaderReader reader(record.headers);
  for (HeaderView header; reader.Next(&header);) AddHeader(headers, header.name, header.value);
  return headers;
}

FailureView FailureOf(const Slot& slot, const RecordView& record) {
  const auto refusal = slot.batch->refusals.find(slot.index);
  if (refusal == slot.batch->refusals.end()) return record.failure;
  return {"rk-write", refusal->second.code, refusal->second.message};
}

}  // namespace

bool LiesInRecord(rd_kafka_resp_err_t error) {
  return IsTooLarge(error) || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
         error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP || error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

bool IsTooLarge(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

Refusal MakeRefusal(rd_kafka_resp_err_t error, const RecordView& record) {
  const std::string reason = rd_kafka_err2str(error);
  if (IsTooLarge(error)) {
    const size_t size = record.key.value_or("").size() + record.value.value_or("").size();
    return {"record-too-large", reason + ": key and value have " + std::to_string(size) + " bytes"};
  }
  if (error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP) {
    return {"timestamp-refused", reason + ": " + std::to_string(record.timestamp_ms) + " ms"};
  }
  return {"record-refused", reason};
}

std::string ProducedBatch::Where(const Slot& slot) const {
  const BatchInfo& info = frame->info();
  return std::string(info.topic) + "[" + std::to_string(info.partition) + "] offset " +
         std::to_string(record(slot).offset);
}

OutgoingRecord OutputOf(const Slot& slot) {
  const RecordView record = slot.batch->record(slot);
  rd_kafka_headers_t* headers = record.headers.empty() ? nullptr : CopyHeaders(record, 0);
  return {record.key, record.value, record.timestamp_ms, headers};
}

OutgoingRecord DeadLetterOf(const Slot& slot) {
  const RecordView record = slot.batch->record(slot);
  auto extra = DeadLetterHeaders(slot.batch->frame->info(), record, FailureOf(slot, record));
  OutgoingRecord letter{record.key, record.value, record.timestamp_ms, nullptr};
  if (slot.without_value) {
    extra.emplace_back(kValueBytesHeader, std::to_string(record.value.value_or("").size()));
    letter.value.reset();
  }
  if (slot.without_timestamp) {
    extra.emplace_back(kTimestampHeader, std::to_string(record.timestamp_ms));
    letter.timestamp_ms = kNow;
  }
  letter.headers = CopyHeaders(record, extra.size());
  for (const auto& [name, value] : extra) AddHeader(letter.headers, name, value);
  return letter;
}

}  // namespace rk
