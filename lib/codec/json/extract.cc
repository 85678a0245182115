#include "lib/codec/json/extract.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/codec/json/cutter.h"
#include "lib/codec/json/document.h"
#include "lib/codec/json/splice.h"
#include "lib/codec/json/value.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// What is wanted below one object: a tree with the paths' keys. A key leads to fields, to a deeper
// object, or (both are possible: `a:f32` beside `a.b:f32` fails every record, clearly) to both.
struct Node {
  struct Entry {
    std::string key;
    std::string path;
    std::vector<size_t> fields;
    std::unique_ptr<Node> inner;
    std::optional<size_t> watched;
    uint64_t seen = 0;  // the record that it was last seen in
  };

  Entry& At(const std::string& key, const std::string& parent) {
    const auto [it, added] = index.try_emplace(key, entries.size());
    if (added)
      entries.push_back(
          {key, parent.empty() ? EscapedKey(key) : parent + "." + EscapedKey(key), {}, {}, {}, 0});
    return entries[it->second];
  }

  // Records tend to have their keys in one order, so the key after the last one found is tried
  // before the table is asked.
  Entry* Find(std::string_view key) {
    if (next < entries.size() && entries[next].key == key) return &entries[next++];
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    next = found->second + 1;
    return &entries[found->second];
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };

  std::vector<Entry> entries;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> index;
  size_t next = 0;
};

}  // namespace

class Extractor::Impl {
 public:
  Impl(const std::vector<Field>& fields, const std::vector<std::string>& watched,
       const std::vector<std::string>& dropped)
      : fields_(fields), seen_(fields.size(), 0) {
    if (!dropped.empty()) cutter_.emplace(dropped);
    for (size_t i = 0; i < fields_.size(); ++i) AddField(i);
    for (size_t i = 0; i < watched.size(); ++i) root_.At(watched[i], "").watched = i;
  }

  std::optional<Rejection> Extract(std::string_view json, std::span<const RowTarget> rows) {
    try {
      ++record_;
      found_ = 0;
      json_ = json;
      rows_ = rows;
      present_.clear();
      const object members = ParseObject(parser_, json);
      Walk(members, root_);
      if (found_ < fields_.size()) FillMissing();
      if (cutter_) FindCuts(members);
      return std::nullopt;
    } catch (Rejected& rejected) {
      return std::move(rejected.rejection);
    }
  }

  std::span<const PresentMember> present() const { return present_; }

 private:
  void AddField(size_t field) {
    Node* node = &root_;
    Node::Entry* entry = nullptr;
    std::string parent;
    for (const std::string& key : ParsePath(fields_[field].path)) {
      if (entry != nullptr) {
        if (!entry->inner) entry->inner = std::make_unique<Node>();
        node = entry->inner.get();
      }
      entry = &node->At(key, parent);
      parent = entry->path;
    }
    entry->fields.push_back(field);
  }

  void Walk(object members, Node& node) {
    node.next = 0;
    size_t index = 0;
    for (auto it = members.begin(); it != members.end(); ++it, ++index) {
      if (Node::Entry* entry = node.Find(it.key())) Take(*entry, it.value(), index);
    }
  }

  void Take(Node::Entry& entry, element value, size_t index) {
    if (entry.seen == record_) {
      throw Rejected{
          {"duplicate-field", fmt::format("field \"{}\" occurs more than once", entry.path)}};
    }
    entry.seen = record_;
    for (const size_t i : entry.fields) {
      StoreValue(fields_[i], value, rows_[fields_[i].row]);
      seen_[i] = record_;
      ++found_;
    }
    if (entry.watched) present_.push_back({*entry.watched, FindMemberValue(json_, index)});
    if (entry.inner) Descend(entry, value);
  }

  void Descend(Node::Entry& entry, element value) {
    if (!value.is_object() || KindOf(value) != "an object") {
      throw Rejected{{"wrong-type", fmt::format("field \"{}\": expected an object, got {}",
                                                entry.path, KindOf(value))}};
    }
    Walk(object{value}, *entry.inner);
  }

  void FindCuts(object members) {
    cutter_->Find(members, json_, present_);
    std::stable_sort(present_.begin(), present_.end(),
                     [](const PresentMember& a, const PresentMember& b) {
                       return a.value.begin < b.value.begin;
                     });
  }

  void FillMissing() {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (seen_[i] != record_) StoreMissing(fields_[i], rows_[fields_[i].row]);
    }
  }

  std::vector<Field> fields_;
  std::vector<uint64_t> seen_;  // by field: the record that it was last seen in
  Node root_;
  std::optional<Cutter> cutter_;
  simdjson::dom::parser parser_;
  std::vector<PresentMember> present_;

  // Of the record at hand.
  uint64_t record_ = 0;
  size_t found_ = 0;
  std::string_view json_;
  std::span<const RowTarget> rows_;
};

Extractor::Extractor(const std::vector<Field>& fields, const std::vector<std::string>& watched,
                     const std::vector<std::string>& dropped)
    : impl_(std::make_unique<Impl>(fields, watched, dropped)) {}
Extractor::~Extractor() = default;
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;

std::optional<Rejection> Extractor::Extract(std::string_view json,
                                            std::span<const RowTarget> rows) {
  return impl_->Extract(json, rows);
}

std::span<const PresentMember> Extractor::present() const { return impl_->present(); }

}  // namespace rk
