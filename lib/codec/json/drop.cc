#include "lib/codec/json/drop.h"

#include <map>

#include <simdjson.h>

#include "lib/codec/json/document.h"
#include "lib/codec/json/splice.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// What goes below one object.
struct Node {
  bool whole = false;  // all of it does
  std::map<std::string, Node, std::less<>> below;
};

void AppendLess(std::string_view text, object members, const Node& node, std::string& out);

// A member from behind the brace or comma before it to the next one, less what goes of its value.
void AppendMemberLess(std::string_view text, const MemberPlace& place, element value,
                      const Node* node, std::string& out) {
  if (node == nullptr || KindOf(value) != "an object") {
    out += text.substr(place.segment.begin, place.segment.end - place.segment.begin);
    return;
  }
  out += text.substr(place.segment.begin, place.value.begin - place.segment.begin);
  AppendLess(text.substr(place.value.begin, place.value.end - place.value.begin), object{value},
             *node, out);
  out += text.substr(place.value.end, place.segment.end - place.value.end);
}

void AppendLess(std::string_view text, object members, const Node& node, std::string& out) {
  MemberWalk walk(text);
  out += text.substr(0, walk.at());
  bool comma = false;
  for (const auto& [key, value] : members) {
    const MemberPlace place = walk.Next();
    const auto found = node.below.find(key);
    const Node* const inner = found == node.below.end() ? nullptr : &found->second;
    if (inner != nullptr && inner->whole) continue;
    if (comma) out += ',';
    comma = true;
    AppendMemberLess(text, place, value, inner, out);
  }
  out += text.substr(text.find_last_not_of(" \t\n\r"));  // the brace
}

}  // namespace

class FieldDropper::Impl {
 public:
  explicit Impl(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      Node* node = &root_;
      for (std::string& key : ParsePath(path)) node = &node->below[std::move(key)];
      node->whole = true;
    }
  }

  void Drop(std::string_view json, std::string& out) {
    AppendLess(json, ParseObject(parser_, json), root_, out);
  }

 private:
  Node root_;
  simdjson::dom::parser parser_;
};

FieldDropper::FieldDropper(const std::vector<std::string>& paths)
    : impl_(std::make_unique<Impl>(paths)) {}
FieldDropper::~FieldDropper() = default;

std::optional<Rejection> FieldDropper::Drop(std::string_view json, std::string& out) {
  try {
    impl_->Drop(json, out);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

}  // namespace rk
