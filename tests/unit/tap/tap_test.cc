#include "lib/tap/tap.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "lib/base/event_fd.h"
#include "lib/tap/listener.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Given {
  std::string value;
  bool failed = false;
};

Frame BatchOf(const std::vector<Given>& records) {
  BatchInfo info;
  info.topic = "in";
  info.first_offset = 10;
  info.next_offset = 10 + static_cast<int64_t>(records.size());
  FrameBuilder builder(info, records.size(), 100);
  for (size_t i = 0; i < records.size(); ++i) {
    RecordView record;
    record.offset = 10 + static_cast<int64_t>(i);
    record.value = records[i].value;
    if (records[i].failed) {
      record.state = RecordState::kFailed;
      record.failure = {"infer", "model-error", records[i].value};
    }
    builder.Add(record);
  }
  return builder.Finish();
}

TapCopy::Time At(double seconds) {
  return TapCopy::Time() + std::chrono::duration_cast<TapCopy::Time::duration>(
                               std::chrono::duration<double>(1000 + seconds));
}

TEST_CASE("a tap copies records as they are, with their batch") {
  TapCopy copy({}, At(0));
  const auto frame = copy.Take(BatchOf({{"a"}, {"b", true}}), At(0));
  REQUIRE(frame);
  CHECK(frame->info().topic == "in");
  REQUIRE(frame->record_count() == 2);
  CHECK(frame->record(1).offset == 11);
  CHECK(frame->record(1).state == RecordState::kFailed);
  CHECK(frame->record(1).failure.code == "model-error");
}

TEST_CASE("a tap copies no more records than were asked for in a second") {
  TapCopy copy({.rate = 3}, At(0));
  const Frame batch = BatchOf({{"a"}, {"b"}});
  CHECK(copy.Take(batch, At(0))->record_count() == 2);
  CHECK(copy.Take(batch, At(0))->record_count() == 1);
  CHECK(!copy.Take(batch, At(0.3)));
  CHECK(copy.Take(batch, At(0.4))->record_count() == 1);
  CHECK(copy.Take(batch, At(100))->record_count() == 2);
  CHECK(copy.Take(batch, At(100))->record_count() == 1);
}

TEST_CASE("who wants what failed gets nothing else") {
  TapCopy copy({.rate = 10, .failed = true}, At(0));
  CHECK(!copy.Take(BatchOf({{"a"}}), At(0)));
  const auto frame = copy.Take(BatchOf({{"a"}, {"b", true}}), At(0));
  REQUIRE(frame);
  REQUIRE(frame->record_count() == 1);
  CHECK(frame->record(0).value == "b");
}

TEST_CASE("a tap cuts what is long between characters, and takes no more than a message holds") {
  CHECK(Cut("abc", 3) == "abc");
  CHECK(Cut("abcd", 3) == "abc\xE2\x80\xA6");
  CHECK(Cut("ab\xC3\xA4", 3) == "ab\xE2\x80\xA6");
  CHECK(Cut("\xFF\xFF\xFF\xFF\xFF", 3) == "\xFF\xFF\xFF\xE2\x80\xA6");
  TapCopy copy({.rate = 1000, .failed = false, .cut = 1000}, At(0));
  const auto frame = copy.Take(BatchOf(std::vector<Given>(200, {std::string(5000, 'x')})), At(0));
  REQUIRE(frame);
  CHECK(frame->record(0).value->size() == 1003);
  CHECK(frame->record_count() == 61);
  CHECK(frame->bytes().size() < TapCopy::kMostBytes + 4096);
}

TEST_CASE("a request is read as it was written, and nothing else is") {
  const TapRequest request{.rate = 7, .failed = true, .cut = 100};
  const auto read = TapRequest::Parse(request.Text());
  REQUIRE(read);
  CHECK(read->rate == 7);
  CHECK(read->failed);
  CHECK(read->cut == 100);
  for (const char* text :
       {"", "tap 1 ", "tap 2 7 1 100", "tap 1 0 1 100", "tap 1 7 2 100", "tap 1 7 1 0",
        "tap 1 7 1 100 5", "tap 1 10001 0 5", "tap 1 1 0 99999", "tap 1 7 1", "tap 1 a 1 100"})
    CHECK(!TapRequest::Parse(text));
}

// A directory with a tap in it, and who listens.
class Place {
 public:
  Place() {
    char name[] = "/tmp/rk-tap-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~Place() { std::filesystem::remove_all(directory_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const std::string& directory() const { return directory_; }
  std::string PathOf(const std::string& stage, size_t replica) const {
    return TapPath(directory_, stage, replica, getpid());
  }

  // What a listener hears while `tap` is offered a batch again and again; gives up after a while.
  std::vector<std::string> Hear(TapListener& listener, const std::vector<Tap*>& taps,
                                size_t wanted) const {
    std::vector<std::string> heard;
    const Frame batch = BatchOf({{"a"}});
    const auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (heard.size() < wanted && steady_clock::now() < deadline) {
      for (Tap* tap : taps) tap->Offer(batch);
      listener.Listen(milliseconds(5), wake_.fd(),
                      [&](const std::string& replica, const Frame& frame) {
                        for (size_t i = 0; i < frame.record_count(); ++i)
                          heard.push_back(replica + " " + std::string(*frame.record(i).value));
                      });
    }
    return heard;
  }

 private:
  std::string directory_;
  EventFd wake_;
};

TEST_CASE("a listener hears the replicas of its stage, and no other stage") {
  const Place place;
  Tap infer(place.PathOf("infer", 0));
  Tap other(place.PathOf("infer", 1));
  Tap write(place.PathOf("write", 0));
  TapListener listener(place.directory(), "infer", {.rate = 1000});
  const auto heard = place.Hear(listener, {&infer, &other, &write}, 50);
  REQUIRE(heard.size() >= 50);
  CHECK(std::ranges::count(heard, "infer.0 a") > 0);
  CHECK(std::ranges::count(heard, "infer.1 a") > 0);
  CHECK(std::ranges::count(heard, "write.0 a") == 0);
}

TEST_CASE("a listener goes on with the successor of a stage that ends") {
  const Place place;
  TapListener listener(place.directory(), "infer", {.rate = 1000});
  {
    Tap first(place.PathOf("infer", 0));
    CHECK(place.Hear(listener, {&first}, 1).size() == 1);
  }
  CHECK(std::filesystem::is_empty(place.directory()));
  Tap second(place.PathOf("infer", 1));
  CHECK(place.Hear(listener, {&second}, 1) == std::vector<std::string>{"infer.1 a"});
}

TEST_CASE("who listens and takes nothing holds up nobody") {
  const Place place;
  Tap tap(place.PathOf("infer", 0));
  TapListener idle(place.directory(), "infer", {.rate = 10'000});
  const EventFd wake;
  idle.Listen(milliseconds(0), wake.fd(), [](const std::string&, const Frame&) {});
  std::this_thread::sleep_for(milliseconds(100));
  const Frame large = BatchOf(std::vector<Given>(50, {std::string(1000, 'x')}));
  const auto began = steady_clock::now();
  for (int i = 0; i < 2000; ++i) tap.Offer(large);
  CHECK(steady_clock::now() - began < std::chrono::seconds(5));
}

TEST_CASE("what passes while listeners come and go is offered from another thread") {
  const Place place;
  Tap tap(place.PathOf("infer", 0));
  std::atomic<bool> over = false;
  std::thread stage([&] {
    const Frame batch = BatchOf({{"a"}});
    for (; !over; std::this_thread::yield()) tap.Offer(batch);
  });
  for (int round = 0; round < 3; ++round) {
    TapListener listener(place.directory(), "infer", {.rate = 1000});
    CHECK(place.Hear(listener, {}, 1).size() >= 1);
  }
  over = true;
  stage.join();
}

}  // namespace
}  // namespace rk
