#include "lib/stage/middle.h"

#include <chrono>
#include <csignal>
#include <future>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/link/pipe.h"
#include "tests/unit/link/test_pipe.h"

namespace rk {
namespace {

constexpr size_t kMaxFrame = size_t{1} << 20;
const Origin kReader = {9, 8, 7};

constexpr int kNeverDrained = -1;

Frame Same(Frame frame) { return frame; }

// A stage in the middle of two pipes, on a thread of its own.
struct Middle {
  TestPipe in;
  TestPipe out;
  PipeSource source{in.in(), kMaxFrame};
  PipeSink sink{out.out()};

  std::future<void> Start() {
    return std::async(std::launch::async, [this] {
      RunMiddle(source, sink, kNeverDrained, Same);
      out.CloseOut();
    });
  }
};

ErrorKind KindOf(std::future<void>& result) {
  try {
    result.get();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("it did not throw");
  return ErrorKind::kBug;
}

}  // namespace

TEST_CASE("every frame goes through the middle once, in order, and END as it came") {
  Middle middle;
  std::string sent;
  for (int64_t offset = 0; offset < 50; ++offset) sent += TestFrame(offset).bytes();
  sent += Frame::End(kReader).bytes();
  middle.in.Write(sent);
  std::future<void> result = middle.Start();
  std::string received;
  char bytes[4096];
  for (ssize_t count = 1; count > 0; count = read(middle.out.in(), bytes, sizeof bytes)) {
    if (count > 1) received.append(bytes, static_cast<size_t>(count));
  }
  result.get();
  CHECK((received == sent));
}

TEST_CASE("a middle whose input ends without END throws, and says no END itself") {
  Middle middle;
  middle.in.Write(TestFrame(0).bytes());
  middle.in.CloseOut();
  std::future<void> result = middle.Start();
  CHECK(KindOf(result) == ErrorKind::kTryAgain);
  PipeSource next(middle.out.in(), kMaxFrame);
  CHECK(next.TryReceive());
  CHECK_FALSE(next.TryReceive());
  CHECK_FALSE(next.ended());
}

TEST_CASE("a middle that has nothing to do notices at once that its output is gone") {
  std::signal(SIGPIPE, SIG_IGN);
  Middle middle;
  std::future<void> result = middle.Start();
  CHECK(result.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  middle.out.CloseIn();
  REQUIRE(result.wait_for(std::chrono::seconds(1)) == std::future_status::ready);
  CHECK(KindOf(result) == ErrorKind::kBrokenPipe);
}

TEST_CASE("whoever wants to know hears how long each batch was with the worker") {
  Middle middle;
  middle.in.Write(TestFrame(0).bytes());
  middle.in.Write(TestFrame(10).bytes());
  middle.in.CloseOut();
  Histogram took;
  const auto slow = [](Frame frame) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return frame;
  };
  CHECK_THROWS_AS(RunMiddle(middle.source, middle.sink, kNeverDrained, slow, &took), Error);
  CHECK(took.value().count() == 2);
  CHECK(took.value().Quantile(0) >= 0.018);
}

TEST_CASE("what a transform throws ends the middle") {
  Middle middle;
  middle.in.Write(TestFrame(0).bytes());
  CHECK_THROWS_WITH(RunMiddle(middle.source, middle.sink, kNeverDrained,
                              [](Frame) -> Frame { throw std::runtime_error("no model"); }),
                    "no model");
}

}  // namespace rk
