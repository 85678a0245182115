#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "lib/codec/field.h"

/// Inside lib/codec/json only: fields that are left out of an object.
namespace rk {

/// Finds the bytes of members to leave out, with a comma for each, so that what is left is
/// an object. One thread.
class Cutter {
 public:
  /// Throws Error(kUsage) for a path that is none.
  explicit Cutter(const std::vector<std::string>& paths);
  ~Cutter();

  /// Appends the cuts in `json`, which `members` are the members of, as PresentMember::kDropped, in
  /// order. A key that is there twice is cut twice.
  void Find(simdjson::dom::object members, std::string_view json,
            std::vector<PresentMember>& cuts) const;

 private:
  struct Node;

  static void Find(const Node& node, simdjson::dom::object members, std::string_view json,
                   size_t base, std::vector<PresentMember>& cuts);

  std::unique_ptr<Node> root_;
};

}  // namespace rk
