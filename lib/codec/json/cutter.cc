#include "lib/codec/json/cutter.h"

#include <map>
#include <optional>

#include "lib/codec/json/splice.h"
#include "lib/codec/json/value.h"
#include "lib/codec/path.h"

namespace rk {

// What goes below one object.
struct Cutter::Node {
  bool whole = false;  // all of it does
  std::map<std::string, Node, std::less<>> below;
};

Cutter::Cutter(const std::vector<std::string>& paths) : root_(std::make_unique<Node>()) {
  for (const std::string& path : paths) {
    Node* node = root_.get();
    for (const std::string& key : ParsePath(path)) node = &node->below[key];
    node->whole = true;
  }
}

Cutter::~Cutter() = default;

// Members side by side that go are one cut: up to what stays behind them, or from the comma that
// they leave without a member behind it.
void Cutter::Find(const Node& node, simdjson::dom::object members, std::string_view json,
                  size_t base, std::vector<PresentMember>& cuts) {
  MemberWalk walk(json.substr(base));
  std::optional<size_t> run;  // where the members under way that go begin
  size_t end = 0;             // of the last of them
  bool kept = false;
  const auto cut = [&](size_t from, size_t to) {
    cuts.push_back({PresentMember::kDropped, {base + from, base + to}});
  };
  for (const auto& [key, value] : members) {
    const MemberPlace place = walk.Next();
    const auto found = node.below.find(std::string_view(key));
    const Node* const below = found == node.below.end() ? nullptr : &found->second;
    if (below != nullptr && below->whole) {
      if (!run) run = place.segment.begin;
      end = place.whole.end;
      continue;
    }
    if (run) cut(*run, place.segment.begin);
    run.reset();
    kept = true;
    if (below != nullptr && KindOf(value) == "an object") {
      Find(*below, simdjson::dom::object{value}, json, base + place.value.begin, cuts);
    }
  }
  if (run) cut(kept ? *run - 1 : *run, end);
}

void Cutter::Find(simdjson::dom::object members, std::string_view json,
                  std::vector<PresentMember>& cuts) const {
  Find(*root_, members, json, 0, cuts);
}

}  // namespace rk
