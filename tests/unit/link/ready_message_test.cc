#include "lib/link/ready_message.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

ReadyMessage Full() {
  ReadyMessage message;
  message.instance.fill(3);
  message.isolates = message.stores = true;
  message.leaving = true;
  message.capacity = 2;
  message.received = uint64_t{1} << 40;
  message.connection.fill(4);
  message.link = "infer";
  message.held = {{{"applications", 3}, 77, {100, 200}}, {{"", 0}, -1, {0, 0}}};
  return message;
}

}  // namespace

TEST_CASE("what a fetcher says of itself arrives as it was said") {
  for (const ReadyMessage& said : {ReadyMessage(), Full()}) {
    const ReadyMessage heard = ReadyMessage::Decode(said.Encode());
    CHECK((heard.instance == said.instance));
    CHECK(heard.leaving == said.leaving);
    CHECK(heard.isolates == said.isolates);
    CHECK(heard.stores == said.stores);
    CHECK(heard.capacity == said.capacity);
    CHECK(heard.received == said.received);
    CHECK((heard.connection == said.connection));
    CHECK(heard.link == said.link);
    CHECK((heard.held == said.held));
  }
}

TEST_CASE("a fetcher's message that is cut anywhere, or too long, is refused") {
  const std::string bytes = Full().Encode();
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_THROWS_AS(ReadyMessage::Decode(bytes.substr(0, length)), Error);
  CHECK_THROWS_AS(ReadyMessage::Decode(bytes + '\0'), Error);
}

TEST_CASE("a fetcher's message of another version, or with nonsense in it, is refused") {
  const auto refused_with = [](size_t at, char value) {
    std::string bytes = Full().Encode();
    bytes[at] = value;
    CHECK_THROWS_AS(ReadyMessage::Decode(bytes), Error);
  };
  refused_with(0, 1);        // version
  refused_with(1, 8);        // flags
  refused_with(3, 1);        // a link longer than the message
  refused_with(36, 1);       // reserved
  refused_with(35, '\x7f');  // held count: two thousand million
  refused_with(56, '\n');    // a link that is no name
  const size_t held = 56 + Full().link.size();
  refused_with(held + 3, '\x80');   // a partition below 0
  refused_with(held + 7, '\x7f');   // a topic longer than the message
  refused_with(held + 23, '\x80');  // a first offset below 0
  refused_with(held + 24, 99);      // a range that ends before it begins
}

}  // namespace rk
