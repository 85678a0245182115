#include "lib/link/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_pipe.h"

namespace rk {
namespace {

constexpr size_t kMaxFrame = size_t{8} << 20;

const Origin kReader = {1, 2, 3};

template <typename Call>
Error ErrorOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  FAIL("it did not throw");
  throw std::logic_error("FAIL throws");
}

// What comes until END, waiting as a stage does.
std::vector<Frame> ReceiveAll(PipeSource& source) {
  std::vector<Frame> frames;
  while (true) {
    while (std::optional<Frame> frame = source.TryReceive()) frames.push_back(std::move(*frame));
    if (source.ended()) return frames;
    pollfd waiting = {source.fd(), POLLIN, 0};
    REQUIRE(poll(&waiting, 1, 5000) == 1);
  }
}

std::string StreamOf(const std::vector<Frame>& frames) {
  std::string bytes;
  for (const Frame& frame : frames) bytes += frame.bytes();
  bytes += Frame::End(kReader).bytes();
  return bytes;
}

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

}  // namespace

TEST_CASE("frames come whole through a pipe that gives one byte at a time") {
  std::vector<Frame> sent;
  for (int64_t offset = 0; offset < 3; ++offset) sent.push_back(TestFrame(offset));
  TestPipe pipe;
  PipeSource source(pipe.in(), kMaxFrame);
  std::vector<Frame> received;
  for (const char byte : StreamOf(sent)) {
    CHECK_FALSE(source.ended());
    pipe.Write({&byte, 1});
    if (std::optional<Frame> frame = source.TryReceive()) received.push_back(std::move(*frame));
  }
  REQUIRE(received.size() == 3);
  for (size_t index = 0; index < 3; ++index) CHECK(received[index].bytes() == sent[index].bytes());
  CHECK(source.ended());
  CHECK(source.origin() == kReader);
}

TEST_CASE("frames come whole through a pipe that gives them in two parts, wherever it is cut") {
  const std::string first(TestFrame(0).bytes());
  const std::string second(TestFrame(1).bytes());
  const std::string stream = first + second + std::string(Frame::End(kReader).bytes());
  for (size_t cut = 0; cut < stream.size(); ++cut) {
    TestPipe pipe;
    PipeSource source(pipe.in(), kMaxFrame);
    std::string received;
    for (const std::string& part : {stream.substr(0, cut), stream.substr(cut)}) {
      pipe.Write(part);
      while (const std::optional<Frame> frame = source.TryReceive()) received += frame->bytes();
    }
    CHECK((received == first + second));
    CHECK(source.ended());
  }
}

TEST_CASE("receiving from an empty pipe does not block") {
  TestPipe pipe;
  PipeSource source(pipe.in(), kMaxFrame);
  CHECK_FALSE(source.TryReceive());
  pipe.Write(TestFrame(0).bytes());
  CHECK(source.TryReceive());
  CHECK_FALSE(source.TryReceive());
}

TEST_CASE("frames of every size go through a pipe, larger ones than it holds too") {
  std::vector<Frame> sent;
  int64_t offset = 0;
  for (const size_t bytes :
       {0, 10, 60'000, 65'300, 65'536, 70'000, 1'000'000, 5'000'000, 3, 131'072, 1}) {
    sent.push_back(TestFrame(offset++, 1, bytes));
  }
  TestPipe pipe;
  std::thread sender([&] {
    PipeSink sink(pipe.out());
    for (const Frame& frame : sent) sink.Send(frame);
    sink.Finish(kReader);
  });
  PipeSource source(pipe.in(), kMaxFrame);
  const std::vector<Frame> received = ReceiveAll(source);
  sender.join();
  REQUIRE(received.size() == sent.size());
  for (size_t index = 0; index < sent.size(); ++index) {
    CHECK((received[index].bytes() == sent[index].bytes()));
  }
}

TEST_CASE("many small frames of one write come one after the other without another read") {
  TestPipe pipe;
  std::vector<Frame> sent;
  for (int64_t offset = 0; offset < 100; ++offset) sent.push_back(TestFrame(offset));
  pipe.Write(StreamOf(sent));
  PipeSource source(pipe.in(), kMaxFrame);
  REQUIRE(source.TryReceive());
  pipe.CloseIn();
  for (int64_t offset = 1; offset < 100; ++offset) {
    const std::optional<Frame> frame = source.TryReceive();
    REQUIRE(frame);
    CHECK(frame->info().first_offset == offset);
  }
}

TEST_CASE("an input that ends without END is never a success") {
  const int frames = GENERATE(0, 1, 2);
  TestPipe pipe;
  for (int64_t offset = 0; offset < frames; ++offset) pipe.Write(TestFrame(offset).bytes());
  pipe.CloseOut();
  PipeSource source(pipe.in(), kMaxFrame);
  for (int count = 0; count < frames; ++count) CHECK(source.TryReceive());
  const Error error = ErrorOf([&] { source.TryReceive(); });
  CHECK(error.kind() == ErrorKind::kTryAgain);
  CHECK_THAT(error.what(), Catch::Contains("without END"));
  CHECK_FALSE(source.ended());
}

TEST_CASE(
    "an input that ends within a frame is to be tried again, with the position, wherever it ends") {
  const std::string frame(TestFrame(0).bytes());
  for (size_t length = 1; length < frame.size(); ++length) {
    TestPipe pipe;
    pipe.Write(frame);
    pipe.Write(frame.substr(0, length));
    pipe.CloseOut();
    PipeSource source(pipe.in(), kMaxFrame);
    REQUIRE(source.TryReceive());
    const Error error = ErrorOf([&] { source.TryReceive(); });
    CHECK(error.kind() == ErrorKind::kTryAgain);
    const std::string at = "byte " + std::to_string(frame.size() + length) + ":";
    CHECK_THAT(error.what(), Catch::StartsWith(at));
    if (length >= FramePrefix::kLength) {
      const std::string missing = std::to_string(frame.size() - length) + " of its";
      CHECK_THAT(error.what(), Catch::Contains(missing));
    }
  }
}

TEST_CASE("a stage killed in the middle of its stream never looks like the end of it") {
  const Frame frame = TestFrame(0, 100, 1000);
  for (int round = 0; round < 10; ++round) {
    TestPipe pipe;
    const pid_t sender = fork();
    if (sender == 0) {
      PipeSink sink(pipe.out());
      while (true) sink.Send(frame);
    }
    pipe.CloseOut();
    PipeSource source(pipe.in(), kMaxFrame);
    int received = 0;
    const Error error = ErrorOf([&] {
      while (true) {
        if (source.TryReceive() && ++received == 5 + round * 7) kill(sender, SIGKILL);
      }
    });
    CHECK((error.kind() == ErrorKind::kTryAgain || error.kind() == ErrorKind::kBadData));
    CHECK_FALSE(source.ended());
    int status = 0;
    CHECK(waitpid(sender, &status, 0) == sender);
    CHECK(WTERMSIG(status) == SIGKILL);
  }
}

TEST_CASE("bytes that follow END are refused rather than lost") {
  TestPipe pipe;
  pipe.Write(StreamOf({}));
  pipe.Write(TestFrame(0).bytes());
  PipeSource source(pipe.in(), kMaxFrame);
  const Error error = ErrorOf([&] { source.TryReceive(); });
  CHECK(error.kind() == ErrorKind::kBadData);
  CHECK_THAT(error.what(), Catch::Contains("follows END"));
}

TEST_CASE("a frame over the limit is refused before its bytes are there") {
  TestPipe pipe;
  const Frame frame = TestFrame(0, 1, 5000);
  pipe.Write(frame.bytes().substr(0, FramePrefix::kLength));
  PipeSource source(pipe.in(), 4096);
  CHECK(ErrorOf([&] { source.TryReceive(); }).kind() == ErrorKind::kBadData);
}

TEST_CASE("bytes that are no frame are refused with their position in the stream") {
  TestPipe pipe;
  const Frame frame = TestFrame(0);
  pipe.Write(frame.bytes());
  pipe.Write("{\"income\": 1000, \"age\": 30}\n");
  PipeSource source(pipe.in(), kMaxFrame);
  REQUIRE(source.TryReceive());
  const Error error = ErrorOf([&] { source.TryReceive(); });
  CHECK(error.kind() == ErrorKind::kBadData);
  CHECK_THAT(error.what(), Catch::Contains(std::to_string(frame.bytes().size())));
}

TEST_CASE("a sink whose reader is gone says broken pipe, and its descriptor shows it") {
  std::signal(SIGPIPE, SIG_IGN);
  TestPipe pipe;
  PipeSink sink(pipe.out());
  pollfd waiting = {sink.fd(), 0, 0};
  CHECK(poll(&waiting, 1, 0) == 0);
  pipe.CloseIn();
  CHECK(poll(&waiting, 1, 0) == 1);
  CHECK((waiting.revents & POLLERR) != 0);
  CHECK(ErrorOf([&] { sink.Send(TestFrame(0)); }).kind() == ErrorKind::kBrokenPipe);
}

TEST_CASE("a sink enlarges its pipe") {
  TestPipe pipe;
  PipeSink sink(pipe.out());
  CHECK(fcntl(pipe.out(), F_GETPIPE_SZ) >= PipeSink::kPipeBytes);
}

TEST_CASE("a sink has room for what its pipe surely takes at once, and never in a file") {
  TestPipe pipe;
  const PipeSink sink(pipe.out());
  CHECK(sink.HasRoom(PIPE_BUF));
  CHECK_FALSE(sink.HasRoom(PIPE_BUF + 1));
  fcntl(pipe.out(), F_SETFL, O_NONBLOCK);
  const std::string page(PIPE_BUF, 'x');
  while (sink.HasRoom(PIPE_BUF)) pipe.Write(page);  // which throws if the pipe takes less
  CHECK(write(pipe.out(), page.data(), page.size()) == -1);
  const File file(std::tmpfile());
  CHECK_FALSE(PipeSink(fileno(file.get())).HasRoom(1));
}

TEST_CASE("a sink on a descriptor that somebody made non-blocking sends all the same") {
  TestPipe pipe;
  fcntl(pipe.out(), F_SETFL, O_NONBLOCK);
  const Frame frame = TestFrame(0, 1, 4'000'000);
  std::thread sender([&] {
    PipeSink sink(pipe.out());
    sink.Send(frame);
    sink.Finish(kReader);
  });
  PipeSource source(pipe.in(), kMaxFrame);
  const std::vector<Frame> received = ReceiveAll(source);
  sender.join();
  REQUIRE(received.size() == 1);
  CHECK((received[0].bytes() == frame.bytes()));
}

TEST_CASE("signals that interrupt reads and writes lose nothing") {
  struct sigaction on_alarm = {};
  struct sigaction before = {};
  on_alarm.sa_handler = [](int) {};
  sigaction(SIGALRM, &on_alarm, &before);
  const itimerval every_100_us = {{0, 100}, {0, 100}};
  const itimerval never = {};
  TestPipe pipe;
  const Frame frame = TestFrame(0, 1, 3'000'000);
  const pid_t sender = fork();
  if (sender == 0) {
    setitimer(ITIMER_REAL, &every_100_us, nullptr);
    PipeSink sink(pipe.out());
    for (int count = 0; count < 20; ++count) sink.Send(frame);
    sink.Finish(kReader);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &every_100_us, nullptr);
  PipeSource source(pipe.in(), kMaxFrame);
  size_t received = 0;
  while (!source.ended()) {
    const std::optional<Frame> got = source.TryReceive();
    if (got && got->bytes() == frame.bytes()) ++received;
  }
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  CHECK(received == 20);
  int status = 0;
  CHECK(waitpid(sender, &status, 0) == sender);
  CHECK(status == 0);
}

TEST_CASE("a stream in a file is read again as often as one likes, and never acknowledged") {
  const File file(std::tmpfile());
  const int fd = fileno(file.get());
  PipeSink sink(fd);
  CHECK_FALSE(sink.acknowledged());
  sink.Send(TestFrame(0, 1000, 100));
  sink.Send(TestFrame(1000));
  sink.Finish(kReader);
  for (int round = 0; round < 2; ++round) {
    lseek(fd, 0, SEEK_SET);
    PipeSource source(fd, kMaxFrame);
    CHECK_FALSE(source.acknowledged());
    CHECK(ReceiveAll(source).size() == 2);
  }
}

TEST_CASE("pipes are acknowledged, /dev/null is not") {
  TestPipe pipe;
  CHECK(PipeSource(pipe.in(), kMaxFrame).acknowledged());
  CHECK(PipeSink(pipe.out()).acknowledged());
  const File null(std::fopen("/dev/null", "w"));
  CHECK_FALSE(PipeSink(fileno(null.get())).acknowledged());
}

TEST_CASE("frames neither come from a terminal nor go to one") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  CHECK(ErrorOf([&] { PipeSource source(terminal, kMaxFrame); }).kind() == ErrorKind::kUsage);
  CHECK(ErrorOf([&] { PipeSink sink(terminal); }).kind() == ErrorKind::kUsage);
  close(terminal);
}

TEST_CASE("a descriptor that is not open is an error at the start") {
  CHECK(ErrorOf([] { PipeSource source(1000, kMaxFrame); }).kind() == ErrorKind::kIo);
  CHECK(ErrorOf([] { PipeSink sink(1000); }).kind() == ErrorKind::kIo);
}

}  // namespace rk
