// How the ledger treats batches whose peers died while holding them (docs/architecture.md I8).
#include <memory>

#include <catch2/catch.hpp>

#include "lib/batch/ledger.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

void Blame(Ledger& ledger, OffsetRange range) { ledger.Nack(kPartition, kEpoch, range, true); }

/// Sends whatever waits.
std::vector<std::shared_ptr<const Frame>> Send(Ledger& ledger) {
  std::vector<std::shared_ptr<const Frame>> frames;
  while (auto frame = ledger.NextToSend()) frames.push_back(std::move(frame));
  return frames;
}

/// A ledger that has sent `frame` and heard `blames` times that its holder died.
Ledger MakeBlamed(Frame frame, int blames) {
  Ledger ledger({});
  const OffsetRange range = RangeOf(frame);
  ledger.Assign(kPartition, kEpoch, range.first);
  ledger.Add(kPartition, std::move(frame));
  for (int i = 0; i < blames; ++i) {
    Send(ledger);
    Blame(ledger, range);
  }
  return ledger;
}

void RequireTiles(const std::vector<std::shared_ptr<const Frame>>& parts, OffsetRange whole) {
  int64_t next = whole.first;
  for (const auto& part : parts) {
    REQUIRE(part->info().first_offset == next);
    next = part->info().next_offset;
  }
  REQUIRE(next == whole.next);
}

size_t BytesOf(const std::vector<std::shared_ptr<const Frame>>& frames) {
  size_t bytes = 0;
  for (const auto& frame : frames) bytes += frame->bytes().size();
  return bytes;
}

Frame MakeRichRecord() {
  std::string headers;
  AppendHeader(headers, {"trace", "one"});
  AppendHeader(headers, {"trace", std::nullopt});
  RecordView record;
  record.offset = 42;
  record.timestamp_ms = 1234;
  record.timestamp_type = TimestampType::kLogAppendTime;
  record.key = std::string_view("k\0ey", 4);
  record.value = std::string_view("\xff\x00{", 3);
  record.headers = headers;
  BatchInfo info = MakeInfo({40, 45});
  info.ack_endpoint = "ipc:///run/ack-1";
  info.cluster_id = "cluster";
  info.earliest_timestamp_ms = 1234;
  info.read_time_ns = 99;
  FrameBuilder builder(info, 1, 64);
  builder.Add(record);
  const float row[] = {1.5F, -2.0F};
  builder.AddColumn({"features", Dtype::kF32, {1, 2}, {reinterpret_cast<const char*>(row), 8}});
  return builder.Finish();
}

void RequireSameBut(const Frame& marked, const Frame& original) {
  REQUIRE(RangeOf(marked) == RangeOf(original));
  REQUIRE(marked.info().ack_endpoint == original.info().ack_endpoint);
  REQUIRE(marked.info().cluster_id == original.info().cluster_id);
  REQUIRE(marked.info().group == original.info().group);
  REQUIRE(marked.info().earliest_timestamp_ms == original.info().earliest_timestamp_ms);
  REQUIRE(marked.info().read_time_ns == original.info().read_time_ns);
  const RecordView now = marked.record(0);
  const RecordView before = original.record(0);
  REQUIRE(now.offset == before.offset);
  REQUIRE(now.timestamp_ms == before.timestamp_ms);
  REQUIRE(now.timestamp_type == before.timestamp_type);
  REQUIRE(now.key == before.key);
  REQUIRE(now.value == before.value);
  REQUIRE(now.headers == before.headers);
  REQUIRE(marked.columns().size() == 1);
  REQUIRE(marked.columns()[0].data == original.columns()[0].data);
}

}  // namespace

TEST_CASE("a batch blamed once goes again whole, as a suspect") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 40})), 1);
  const auto frames = Send(ledger);
  REQUIRE(frames.size() == 1);
  REQUIRE(frames[0]->record_count() == 40);
  REQUIRE(frames[0]->info().attempt == 1);
}

TEST_CASE("blame counts also while a batch waits to go again") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 40})), 1);
  Blame(ledger, {0, 40});
  REQUIRE(Send(ledger).size() == 16);
}

TEST_CASE("a batch blamed twice is split in sixteen suspects that tile it, gaps included") {
  // Records 105, 107, … 203 in [100, 300): a gap before them, between them and after them.
  std::vector<int64_t> offsets;
  for (int64_t offset = 105; offsets.size() < 50; offset += 2) offsets.push_back(offset);
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({100, 300}), offsets), 2);
  REQUIRE(ledger.window_batches() == 16);
  const auto parts = Send(ledger);
  REQUIRE(parts.size() == 16);
  RequireTiles(parts, {100, 300});
  std::vector<int64_t> found;
  for (const auto& part : parts) {
    REQUIRE(part->info().attempt == 2);
    REQUIRE(part->info().floor == 100);
    REQUIRE((part->record_count() == 3 || part->record_count() == 4));
    for (const int64_t offset : OffsetsOf(Received(*part))) found.push_back(offset);
  }
  REQUIRE(found == offsets);
}

TEST_CASE("a batch of few records is split into its records") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 10}), {2, 3, 7}), 2);
  const auto parts = Send(ledger);
  REQUIRE(parts.size() == 3);
  REQUIRE(RangeOf(*parts[0]) == OffsetRange{0, 3});
  REQUIRE(RangeOf(*parts[1]) == OffsetRange{3, 7});
  REQUIRE(RangeOf(*parts[2]) == OffsetRange{7, 10});
}

TEST_CASE("a blamed part is split at once, and its neighbours stay as they are") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 64})), 2);
  Send(ledger);
  Blame(ledger, {4, 8});
  const auto parts = Send(ledger);
  REQUIRE(parts.size() == 4);
  RequireTiles(parts, {4, 8});
  REQUIRE(parts[0]->info().attempt == 3);
  REQUIRE(ledger.window_batches() == 19);
  REQUIRE(ledger.unsent() == 0);
}

TEST_CASE("the window counts the bytes of parts exactly, and they go back to nothing") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 64})), 2);
  const auto parts = Send(ledger);
  REQUIRE(ledger.window_bytes() == BytesOf(parts));
  Blame(ledger, {0, 4});
  Blame(ledger, {0, 1});
  Blame(ledger, {0, 1});
  const auto again = Send(ledger);
  REQUIRE(again.size() == 4);
  REQUIRE(again[0]->record(0).state == RecordState::kFailed);
  REQUIRE(ledger.window_bytes() == BytesOf(parts) - parts[0]->bytes().size() + BytesOf(again));
  ledger.Acknowledge(kPartition, kEpoch, {0, 64});
  REQUIRE(ledger.window_bytes() == 0);
  REQUIRE(ledger.window_batches() == 0);
}

TEST_CASE("a part of one record is tried twice before it is marked failed") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 4})), 2);
  Send(ledger);
  Blame(ledger, {2, 3});
  auto frames = Send(ledger);
  REQUIRE(frames.size() == 1);
  REQUIRE(frames[0]->record(0).state == RecordState::kOk);
  REQUIRE(frames[0]->info().attempt == 3);
  Blame(ledger, {2, 3});
  frames = Send(ledger);
  REQUIRE(frames.size() == 1);
  REQUIRE(frames[0]->record(0).state == RecordState::kFailed);
  REQUIRE(frames[0]->info().attempt == 4);
}

TEST_CASE("a single record blamed twice is marked failed, and all else of it stays as it was") {
  const Frame original = MakeRichRecord();
  Ledger ledger = MakeBlamed(MakeRichRecord(), 1);
  auto frames = Send(ledger);
  REQUIRE(frames[0]->record(0).state == RecordState::kOk);
  Blame(ledger, {40, 45});
  frames = Send(ledger);
  REQUIRE(frames.size() == 1);
  const Frame marked = Received(*frames[0]);
  REQUIRE(marked.record(0).state == RecordState::kFailed);
  REQUIRE(marked.record(0).failure.stage == "rk-read");
  REQUIRE(marked.record(0).failure.code == "poison");
  REQUIRE_THAT(std::string(marked.record(0).failure.message), Catch::Contains("died twice"));
  RequireSameBut(marked, original);
}

TEST_CASE("a record marked failed whose holder dies goes again as it is") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 1})), 2);
  for (uint32_t attempt = 2; attempt < 6; ++attempt) {
    const auto frames = Send(ledger);
    REQUIRE(frames.size() == 1);
    REQUIRE(frames[0]->record(0).state == RecordState::kFailed);
    REQUIRE(frames[0]->info().attempt == attempt);
    Blame(ledger, {0, 1});
  }
  ledger.Acknowledge(kPartition, kEpoch, {0, 1});
  REQUIRE(ledger.unsent() == 0);
  REQUIRE(ledger.window_bytes() == 0);
}

TEST_CASE("a batch without records is never split nor marked") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 5}), {}), 4);
  const auto frames = Send(ledger);
  REQUIRE(frames.size() == 1);
  REQUIRE(frames[0]->info().attempt == 4);
  ledger.Acknowledge(kPartition, kEpoch, {0, 5});
  REQUIRE(ledger.Idle());
}

TEST_CASE("an acknowledgement of a split batch as a whole frees all its parts") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 64})), 2);
  ledger.NextToSend();
  Send(ledger);
  ledger.Acknowledge(kPartition, kEpoch, {0, 64});
  REQUIRE(ledger.Idle());
  REQUIRE(ledger.floor(kPartition) == 64);
}

TEST_CASE("a part acknowledged by a writer that saw it moves the floor into the batch") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 64})), 2);
  Send(ledger);
  ledger.Acknowledge(kPartition, kEpoch, {0, 4});
  REQUIRE(ledger.floor(kPartition) == 4);
  REQUIRE(ledger.window_batches() == 15);
}

TEST_CASE("what a split batch has acknowledged already is not sent again") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 64})), 1);
  Send(ledger);
  ledger.Acknowledge(kPartition, kEpoch, {0, 10});
  Blame(ledger, {0, 64});
  const auto parts = Send(ledger);
  REQUIRE(parts.size() == 14);
  RequireTiles(parts, {8, 64});
}

TEST_CASE("blame for a stale original sends its parts again and blames none of them") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 3})), 2);
  Send(ledger);
  ledger.Acknowledge(kPartition, kEpoch, {0, 1});
  for (int i = 0; i < 3; ++i) {
    Blame(ledger, {0, 3});
    const auto parts = Send(ledger);
    REQUIRE(parts.size() == 2);
    RequireTiles(parts, {1, 3});
    for (const auto& part : parts) {
      REQUIRE(part->info().attempt == 2);
      REQUIRE(part->record(0).state == RecordState::kOk);
    }
  }
}

TEST_CASE("blame for a part that a stage made of a batch is the batch's") {
  Ledger ledger = MakeBlamed(MakeBatch(MakeInfo({0, 3})), 0);
  Send(ledger);
  Blame(ledger, {1, 3});
  const auto whole = Send(ledger);
  REQUIRE(whole.size() == 1);
  RequireTiles(whole, {0, 3});
  REQUIRE(whole[0]->info().attempt == 1);
  Blame(ledger, {0, 1});
  const auto parts = Send(ledger);
  REQUIRE(parts.size() == 3);
  RequireTiles(parts, {0, 3});
}

}  // namespace rk
