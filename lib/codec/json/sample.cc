#include "lib/codec/json/sample.h"

#include <algorithm>
#include <memory>

#include "lib/codec/json/splice.h"
#include "lib/codec/json/tensor_text.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

// An object under way: its members in order, each a text or an object.
struct Object {
  struct Member {
    std::string key;
    std::string value;
    std::unique_ptr<Object> inner;
  };

  Member& At(const std::string& key) {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&key](const Member& one) { return one.key == key; });
    return found == members.end() ? members.emplace_back(Member{key, "", nullptr}) : *found;
  }

  void AppendTo(std::string& out) const {
    out += '{';
    for (const Member& member : members) {
      if (&member != &members.front()) out += ',';
      AppendQuoted(member.key, out);
      out += ':';
      if (member.inner) {
        member.inner->AppendTo(out);
      } else {
        out += member.value;
      }
    }
    out += '}';
  }

  std::vector<Member> members;
};

std::string SampleValue(const Field& field) {
  if (field.kind == Field::Kind::kText) return R"("text")";
  size_t bytes = SizeOf(field.dtype);
  for (const int64_t size : field.shape) bytes *= static_cast<size_t>(size);
  std::string value;
  (void)AppendTensor(field.dtype, field.shape, std::string(bytes, '\0').data(), value);
  const bool array = !field.shape.empty() || field.kind == Field::Kind::kList ||
                     field.kind == Field::Kind::kLength;
  return array && value[0] != '[' ? "[" + value + "]" : value;
}

void Add(const Field& field, Object& root) {
  Object* object = &root;
  std::vector<std::string> keys = ParsePath(field.path);
  const std::string last = keys.back();
  keys.pop_back();
  for (const std::string& key : keys) {
    auto& inner = object->At(key).inner;
    if (!inner) inner = std::make_unique<Object>();
    object = inner.get();
  }
  std::string& value = object->At(last).value;
  if (field.kind == Field::Kind::kLength && !value.empty()) return;  // it is of an array there
  value = SampleValue(field);
}

}  // namespace

std::string SampleObject(const std::vector<Field>& fields) {
  Object root;
  for (const Field& field : fields) Add(field, root);
  std::string json;
  root.AppendTo(json);
  return json;
}

}  // namespace rk
