#include "lib/codec/json/tree.h"

#include <algorithm>

#include <simdjson.h>

namespace rk {
namespace {

using simdjson::dom::element;

JsonTree TreeOf(const element& value) {
  JsonTree tree;
  std::string_view text;
  if (!value.get(text)) {
    tree.text = text;
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.get_object()) {
      tree.names.emplace_back(name);
      tree.entries.push_back(TreeOf(member));
    }
  } else if (value.is_array()) {
    for (const element entry : value.get_array()) tree.entries.push_back(TreeOf(entry));
  } else {
    tree.text = simdjson::minify(value);
    if (value.is_number()) tree.number = value.get_double();
  }
  return tree;
}

}  // namespace

const JsonTree* JsonTree::Find(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? nullptr : &entries[static_cast<size_t>(found - names.begin())];
}

double JsonTree::Number(std::string_view name) const {
  const JsonTree* member = Find(name);
  return member == nullptr ? 0 : member->number;
}

std::string JsonTree::Text(std::string_view name) const {
  const JsonTree* member = Find(name);
  return member == nullptr || member->text == "null" ? "" : member->text;
}

std::optional<JsonTree> ParseJsonTree(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root)) return std::nullopt;
  return TreeOf(root);
}

}  // namespace rk
