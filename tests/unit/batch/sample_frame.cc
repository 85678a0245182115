#include "tests/unit/batch/sample_frame.h"

#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <xxhash.h>

#include "lib/base/little_endian.h"

namespace rk {
namespace {

using namespace std::string_view_literals;

constexpr std::array<float, 4> kF32{0.5F, -1.0F, 3.25F, 1e30F};
constexpr std::array<double, 2> kF64{0.1, -0.0};
constexpr std::array<int32_t, 2> kI32{-1, 2'000'000'000};
constexpr std::array<int64_t, 2> kI64{-1, 9'000'000'000'000'000'000};
constexpr std::array<uint8_t, 4> kU8{0, 1, 128, 255};
constexpr std::array<uint8_t, 2> kBool{1, 0};

template <typename Values>
std::string_view BytesOf(const Values& values) {
  return {reinterpret_cast<const char*>(values.data()), sizeof values};
}

std::string Encode(const std::vector<HeaderView>& headers) {
  std::string encoded;
  for (const HeaderView& header : headers) AppendHeader(encoded, header);
  return encoded;
}

RecordView Record(int64_t offset, std::optional<std::string_view> key,
                  std::optional<std::string_view> value, std::string_view headers = {}) {
  RecordView record;
  record.offset = offset;
  record.timestamp_ms = 1'700'000'000'000 + offset;
  record.timestamp_type = TimestampType::kCreateTime;
  record.key = key;
  record.value = value;
  record.headers = headers;
  return record;
}

std::string Quoted(std::optional<std::string_view> bytes) {
  if (!bytes) return "null";
  std::string text = "\"";
  for (const char byte : *bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text + '"';
}

}  // namespace

BatchInfo SampleInfo() {
  BatchInfo info;
  for (size_t i = 0; i < info.origin.size(); ++i) info.origin[i] = static_cast<unsigned char>(i);
  info.group = "credit";
  info.topic = "applications";
  info.partition = 3;
  info.epoch = 8'123'456'789'012;
  info.first_offset = 1000;
  info.next_offset = 1010;
  info.floor = 998;
  info.attempt = 1;
  info.ack_endpoint = "ipc:///run/user/1000/rk/ack-000102030405060708090a0b0c0d0e0f";
  info.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg";
  info.earliest_timestamp_ms = 1'700'000'001'000;
  info.read_time_ns = 1'700'000'002'123'456'789;
  return info;
}

Frame SampleRecords() {
  const std::string trace =
      Encode({{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  const std::string twice =
      Encode({{"h", "1"}, {"h", "2"}, {"h", std::nullopt}, {"", ""}, {"bin", "\x00\xff"sv}});
  std::vector<RecordView> records{
      Record(1000, "a-1", R"({"id": "a-1", "age": 31, "city": "Göttingen"})", trace),
      Record(1001, std::nullopt, ""),
      Record(1002, "", std::nullopt),
      Record(1004, "\x00\xff\x80\n"sv, "\xde\xad\xbe\xef"sv, twice),
      Record(1005, std::nullopt, std::nullopt),
      Record(1006, "a-6", R"({"id": "a-6", "age": )", trace),
      Record(1009, "a-9", "{}"),
  };
  records[2].timestamp_type = TimestampType::kLogAppendTime;
  records[4].timestamp_type = TimestampType::kNone;
  records[4].timestamp_ms = -1;
  records[5].state = RecordState::kFailed;
  records[5].failure = {"rk-infer", "invalid-json", "the value ends inside an object"};
  records[6].state = RecordState::kFiltered;

  FrameBuilder builder(SampleInfo(), records.size(), 0);
  for (const RecordView& record : records) builder.Add(record);
  return builder.Finish();
}

Frame SampleColumns() {
  FrameBuilder builder(SampleInfo(), 2, 0);
  builder.Add(Record(1003, "a", "1"));
  builder.Add(Record(1008, "b", "22"));
  builder.AddColumn({"score", Dtype::kF32, {2, 2}, BytesOf(kF32)});
  builder.AddColumn({"limit", Dtype::kF64, {2}, BytesOf(kF64)});
  builder.AddColumn({"class", Dtype::kI32, {2, 1}, BytesOf(kI32)});
  builder.AddColumn({"user", Dtype::kI64, {2}, BytesOf(kI64)});
  builder.AddColumn({"image", Dtype::kU8, {2, 1, 1, 1, 1, 1, 2, 1}, BytesOf(kU8)});
  builder.AddColumn({"approve", Dtype::kBool, {2}, BytesOf(kBool)});
  builder.AddColumn({"", Dtype::kF32, {2, 0}, ""});
  return builder.Finish();
}

Frame SampleOfPage() {
  BatchInfo info;
  info.origin = SampleInfo().origin;
  info.topic = "demo";
  info.epoch = 77;
  info.first_offset = 41;
  info.next_offset = 42;
  info.floor = 41;
  info.earliest_timestamp_ms = 1'700'000'000'041;
  const std::string headers = Encode({{"h", "x"}});
  FrameBuilder builder(info, 1, 0);
  builder.Add(Record(41, "k", R"({"a":1})", headers));
  return builder.Finish();
}

Frame SampleEmpty() {
  BatchInfo info = SampleInfo();
  info.group = "";
  info.cluster_id = "";
  return FrameBuilder(info, 0, 0).Finish();
}

Frame SampleEnd() { return Frame::End(SampleInfo().origin); }

Buffer WithLongerHeader(const Frame& frame, size_t extra) {
  const std::string_view bytes = frame.bytes();
  const auto length = Load<uint32_t>(bytes.data() + frame_format::kHeaderLengthAt);
  Buffer longer;
  longer.Append(bytes.substr(0, length));
  longer.Append(std::string(extra, '?'));
  longer.Append(bytes.substr(length));
  char* header = longer.data();
  Store(header + frame_format::kMinorAt, uint8_t{1});
  Store(header + frame_format::kHeaderLengthAt, static_cast<uint32_t>(length + extra));
  Store(header + frame_format::kTotalLengthAt, uint64_t{longer.size()});
  Seal(longer);
  return longer;
}

Buffer CopyOf(std::string_view bytes) {
  Buffer copy;
  copy.Append(bytes);
  return copy;
}

void Seal(Buffer& bytes) {
  char* header = bytes.data();
  const size_t length = Load<uint32_t>(header + frame_format::kHeaderLengthAt);
  if (length > bytes.size()) return;
  Store(header + frame_format::kBodyHashAt,
        uint64_t{XXH3_64bits(header + length, bytes.size() - length)});
  Store(header + frame_format::kHeaderHashAt, uint64_t{0});
  Store(header + frame_format::kHeaderHashAt, uint64_t{XXH3_64bits(header, length)});
}

std::string Refusal(std::string_view bytes, uint64_t stream_position) {
  try {
    Frame::Decode(CopyOf(bytes), stream_position);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kBadData) throw;
    return error.what();
  }
  return "";
}

std::string TextOf(const Frame& frame) {
  const BatchInfo& info = frame.info();
  std::string text = fmt::format(
      "kind {} origin {} group {} topic {} partition {} epoch {} range {} {} floor {} attempt {} "
      "ack {} cluster {} earliest {} read {}\n",
      static_cast<int>(frame.kind()), ToHex(info.origin), info.group, info.topic, info.partition,
      info.epoch, info.first_offset, info.next_offset, info.floor, info.attempt, info.ack_endpoint,
      info.cluster_id, info.earliest_timestamp_ms, info.read_time_ns);
  for (size_t index = 0; index < frame.record_count(); ++index) {
    const RecordView record = frame.record(index);
    text += fmt::format("record {} time {} {} state {} key {} value {} failure {} {} {}",
                        record.offset, record.timestamp_ms, static_cast<int>(record.timestamp_type),
                        static_cast<int>(record.state), Quoted(record.key), Quoted(record.value),
                        Quoted(record.failure.stage), Quoted(record.failure.code),
                        Quoted(record.failure.message));
    HeaderReader headers(record.headers);
    for (HeaderView header; headers.Next(&header);) {
      text += fmt::format(" {}={}", Quoted(header.name), Quoted(header.value));
    }
    text += '\n';
  }
  for (const ColumnView& column : frame.columns()) {
    text += fmt::format("column {} {} [{}] {}\n", column.name, static_cast<int>(column.dtype),
                        fmt::join(column.shape, ","), Quoted(column.data));
  }
  return text;
}

}  // namespace rk
