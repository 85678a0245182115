#include "lib/codec/json/drop.h"

#include <simdjson.h>

#include "lib/codec/json/cutter.h"
#include "lib/codec/json/document.h"
#include "lib/codec/json/splice.h"

namespace rk {

class FieldDropper::Impl {
 public:
  explicit Impl(const std::vector<std::string>& paths) : cutter_(paths) {}

  void Drop(std::string_view json, std::string& out) {
    cuts_.clear();
    cutter_.Find(ParseObject(parser_, json), json, cuts_);
    Merge(json, cuts_, {}, out);
  }

 private:
  Cutter cutter_;
  simdjson::dom::parser parser_;
  std::vector<PresentMember> cuts_;
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
