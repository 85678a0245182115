#include "lib/infer/describe.h"

#include <vector>

#include <fmt/format.h>

namespace rk {

std::string Describe(const WarmModel& model, const Codec& codec) {
  const Signature& signature = model.signature();
  std::string text = fmt::format("model: {}\n", model.id());
  for (const Input& input : signature.inputs) {
    text += fmt::format("input: {}", input.spec);
    text += input.tokens > 0 ? fmt::format(", as {}\n", input.argument) : "\n";
  }
  for (const std::string& output : model.gives()) text += fmt::format("output: {}\n", output);
  if (!signature.labels.empty()) text += fmt::format("labels: {}\n", signature.labels.size());
  std::vector<Field> fields;
  for (const Input& input : signature.inputs) {
    fields.insert(fields.end(), input.fields.begin(), input.fields.end());
  }
  return text + fmt::format("record: {}\n", codec.Sample(fields));
}

}  // namespace rk
