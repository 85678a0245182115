#include "lib/infer/describe.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "lib/codec/json/number.h"
#include "lib/codec/json/path.h"
#include "lib/codec/json/splice.h"

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
  if (field.text) return R"("text")";
  size_t bytes = SizeOf(field.dtype);
  for (const int64_t size : field.shape) bytes *= static_cast<size_t>(size);
  std::string value;
  (void)AppendTensor(field.dtype, field.shape, std::string(bytes, '\0').data(), value);
  const bool bare = !field.shape.empty() && value[0] != '[';
  return bare ? "[" + value + "]" : value;
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
  object->At(last).value = SampleValue(field);
}

}  // namespace

std::string SampleRecord(const std::vector<Input>& inputs) {
  Object root;
  for (const Input& input : inputs) {
    for (const Field& field : input.fields) Add(field, root);
  }
  std::string json;
  root.AppendTo(json);
  return json;
}

std::string Describe(const WarmModel& model) {
  const Signature& signature = model.signature();
  std::string text = fmt::format("model: {}\n", model.id());
  for (const Input& input : signature.inputs) text += fmt::format("input: {}\n", input.spec);
  for (const std::string& output : model.gives()) text += fmt::format("output: {}\n", output);
  if (!signature.labels.empty()) text += fmt::format("labels: {}\n", signature.labels.size());
  return text + fmt::format("record: {}\n", SampleRecord(signature.inputs));
}

}  // namespace rk
