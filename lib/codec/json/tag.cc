#include "lib/codec/json/tag.h"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/codec/json/document.h"
#include "lib/codec/json/splice.h"

namespace rk {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view kQuotedName = "\"_rk\"";

struct Place {
  size_t index;
  element value;
};

// Twice: nobody can say which is meant.
std::optional<Place> Find(object members, std::string_view name) {
  std::optional<Place> found;
  size_t index = 0;
  for (const auto& [key, value] : members) {
    if (key == name) {
      if (found) {
        throw Rejected{
            {"duplicate-field", fmt::format("field \"{}\" occurs more than once", name)}};
      }
      found = {index, value};
    }
    ++index;
  }
  return found;
}

uint64_t NumberOf(element tag) {
  uint64_t number = 0;
  if (tag.get(number) != simdjson::SUCCESS &&
      tag[Tag::kNumberName].get(number) != simdjson::SUCCESS) {
    throw Rejected{{"wrong-type", "field \"_rk\" differs from the input"}};
  }
  return number;
}

std::optional<std::string> ErrorIn(object members) {
  const auto found = Find(members, Tag::kErrorName);
  if (!found) return std::nullopt;
  std::string_view text;
  if (found->value.get(text) != simdjson::SUCCESS) {
    throw Rejected{{"wrong-type", "field \"rk-error\" is not a string"}};
  }
  return std::string(text);
}

}  // namespace

class Tag::Impl {
 public:
  void Put(std::string_view json, std::string_view tag, std::string& out) {
    if (Find(ParseObject(parser_, json), Tag::kName)) {
      throw Rejected{{"reserved-field", "field \"_rk\" already exists: it is reserved for rk-map"}};
    }
    const Member member{kQuotedName, tag};
    const auto begin = static_cast<std::ptrdiff_t>(out.size());
    Merge(json, {}, {&member, 1}, out);
    // In valid JSON line ends are outside strings, where a space means the same.
    std::replace_if(
        out.begin() + begin, out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }

  void Take(std::string_view json, TaggedAnswer& answer) {
    const object members = ParseObject(parser_, json);
    const auto found = Find(members, Tag::kName);
    if (!found) {
      throw Rejected{{"missing-field", "field \"_rk\" is missing: copy it from the input"}};
    }
    answer.number = NumberOf(found->value);
    answer.error = ErrorIn(members);
    answer.value.clear();
    AppendWithout(json, found->index, answer.value);
  }

 private:
  simdjson::dom::parser parser_;
};

Tag::Tag() : impl_(std::make_unique<Impl>()) {}
Tag::~Tag() = default;

std::optional<Rejection> Tag::Put(std::string_view json, std::string_view tag, std::string& out) {
  try {
    impl_->Put(json, tag, out);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

std::optional<Rejection> Tag::Take(std::string_view json, TaggedAnswer& answer) {
  try {
    impl_->Take(json, answer);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

}  // namespace rk
