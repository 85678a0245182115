#include "lib/kafka/offset_origin.h"

#include <catch2/catch.hpp>

namespace rk {

TEST_CASE("the metadata of an offset says of which topic it is and since when") {
  const OffsetOrigin origin{"0123456789abcdef0123456789abcdef", 1'764'400'000'123};
  CHECK(NoteOf(origin) == "rk-read time=1764400000123 topic-id=0123456789abcdef0123456789abcdef");
  CHECK(ParseNote(NoteOf(origin)) == origin);
  CHECK(ParseNote(NoteOf({"", 7})) == OffsetOrigin{"", 7});
}

TEST_CASE("an offset is of another topic where both ids are known and differ") {
  CHECK(IsOfOtherTopic({"a", 7}, "b"));
  CHECK_FALSE(IsOfOtherTopic({"a", 7}, "a"));
  CHECK_FALSE(IsOfOtherTopic({"", 7}, "a"));
  CHECK_FALSE(IsOfOtherTopic({"a", 7}, ""));
}

TEST_CASE("the metadata of others says nothing") {
  for (const char* note : {"", "topic-id=1", "rk-read time=", "rk-read time=x topic-id=1",
                           "rk-read time=1", "rk-read time=1 topic"}) {
    CHECK_FALSE(ParseNote(note));
  }
}

}  // namespace rk
