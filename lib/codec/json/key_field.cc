#include "lib/codec/json/key_field.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/codec/json/document.h"
#include "lib/codec/path.h"

namespace rk {

class KeyField::Impl {
 public:
  explicit Impl(const std::string& path)
      : optional_(IsOptionalPath(path)),
        name_(path.substr(0, path.size() - (optional_ ? 1 : 0))),
        path_(ParsePath(name_)) {}

  void Read(std::string_view json, std::optional<std::string>& key) {
    const auto value = FindField(ParseObject(parser_, json), path_);
    if (optional_ && (!value || value->is_null())) {
      key.reset();
      return;
    }
    if (!value)
      throw Rejected{{"missing-field", fmt::format("key field \"{}\" is missing", name_)}};
    if (value->is_string()) {
      key = std::string_view{*value};
    } else if (const auto large = LargeNumber(*value)) {
      key = *large;
    } else if (value->is_number() || value->is_bool()) {
      key = simdjson::minify(*value);
    } else {
      throw Rejected{{"wrong-type", fmt::format("key field \"{}\": expected a string, a "
                                                "number or a boolean, got {}",
                                                name_, KindOf(*value))}};
    }
  }

 private:
  bool optional_;
  std::string name_;
  std::vector<std::string> path_;
  simdjson::dom::parser parser_;
};

KeyField::KeyField(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
KeyField::~KeyField() = default;

std::optional<Rejection> KeyField::Read(std::string_view json, std::optional<std::string>& key) {
  try {
    impl_->Read(json, key);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

}  // namespace rk
