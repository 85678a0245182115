#include "lib/stage/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/event_fd.h"
#include "tests/unit/stage/test_child.h"

namespace rk {
namespace {

// The exit status of a child that closes these streams first.
int WithClosed(const std::vector<int>& closed, const std::function<bool()>& holds) {
  return TestChild([&] {
           for (const int fd : closed) close(fd);
           OpenClosedStreams();
           return holds() ? 0 : 1;
         })
      .Wait();
}

bool FailsToRead(int fd) {
  char byte = 0;
  return read(fd, &byte, 1) < 0 && errno == EBADF;
}

TEST_CASE("no descriptor that is opened later gets the number of a closed stream") {
  for (const std::vector<int>& closed :
       std::initializer_list<std::vector<int>>{{0}, {1}, {2}, {0, 1}, {0, 2}, {0, 1, 2}}) {
    CHECK(WithClosed(closed, [] {
            const EventFd event;
            return event.fd() > 2;
          }) == 0);
  }
}

TEST_CASE("a stream that was closed can be neither read nor written, but for the log's") {
  CHECK(WithClosed({0, 1, 2}, [] {
          return FailsToRead(0) && write(1, "x", 1) < 0 && write(2, "x", 1) == 1;
        }) == 0);
}

TEST_CASE("a stream that is open is left alone") {
  TestChild child([] {
    OpenClosedStreams();
    return write(1, "out", 3) == 3 && write(2, "err", 3) == 3 ? 0 : 1;
  });
  CHECK(child.Wait() == 0);
  CHECK(child.out() == "out");
  CHECK(child.err() == "err");
}

TEST_CASE("while the streams are kept, what is printed goes to stderr, and after that to stdout") {
  TestChild child([] {
    {
      const StandardStreams streams;
      std::printf("noise;");
      (void)!write(streams.output(), "frame;", 6);
    }
    std::printf("after");
    std::fflush(stdout);
    return 0;
  });
  CHECK(child.Wait() == 0);
  CHECK(child.out() == "frame;after");
  CHECK(child.err() == "noise;");
}

}  // namespace
}  // namespace rk
