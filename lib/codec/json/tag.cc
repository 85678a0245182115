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
std::optional<Place> FindTag(object members) {
  std::optional<Place> found;
  size_t index = 0;
  for (const auto& [key, value] : members) {
    if (key == Tag::kName) {
      if (found) {
        throw Rejected{{"duplicate-field", "field \"_rk\" occurs more than once"}};
      }
      found = {index, value};
    }
    ++index;
  }
  return found;
}

}  // namespace

class Tag::Impl {
 public:
  void Put(std::string_view json, uint64_t number, std::string& out) {
    if (FindTag(ParseObject(parser_, json))) {
      throw Rejected{{"reserved-field", "field \"_rk\" already exists: it is reserved for rk-map"}};
    }
    const std::string text = fmt::to_string(number);
    const Member member{kQuotedName, text};
    const auto begin = static_cast<std::ptrdiff_t>(out.size());
    Merge(json, {}, {&member, 1}, out);
    // In valid JSON line ends are outside strings, where a space means the same.
    std::replace_if(
        out.begin() + begin, out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }

  void Take(std::string_view json, uint64_t& number, std::string& out) {
    const auto found = FindTag(ParseObject(parser_, json));
    if (!found) {
      throw Rejected{{"missing-field", "field \"_rk\" is missing: copy it from the input"}};
    }
    if (found->value.get(number) != simdjson::SUCCESS) {
      throw Rejected{{"wrong-type", "field \"_rk\" differs from the input"}};
    }
    out.clear();
    AppendWithout(json, found->index, out);
  }

 private:
  simdjson::dom::parser parser_;
};

Tag::Tag() : impl_(std::make_unique<Impl>()) {}
Tag::~Tag() = default;

std::optional<Rejection> Tag::Put(std::string_view json, uint64_t number, std::string& out) {
  try {
    impl_->Put(json, number, out);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

std::optional<Rejection> Tag::Take(std::string_view json, uint64_t& number, std::string& out) {
  try {
    impl_->Take(json, number, out);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

}  // namespace rk
