#include "lib/infer/signature.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/json/list.h"
#include "lib/infer/token_inputs.h"

namespace rk {
namespace {

std::vector<Input> ParseInputs(const std::vector<std::string>& specs) {
  std::vector<Input> inputs;
  for (const std::string& spec : specs) inputs.push_back(ParseInput(spec));
  return inputs;
}

std::vector<Output> ParseOutputs(const std::vector<std::string>& specs) {
  std::vector<Output> outputs;
  for (const std::string& spec : specs) outputs.push_back(ParseOutput(spec));
  return outputs;
}

void FillFromModel(std::string_view json, Signature& signature, std::vector<Argument>& arguments) {
  try {
    if (signature.inputs.empty()) {
      signature.inputs = ParseInputs(ListStrings(json, "inputs", "spec"));
    }
    if (signature.outputs.empty()) {
      signature.outputs = ParseOutputs(ListStrings(json, "outputs", "name"));
    }
    if (signature.labels.empty()) signature.labels = ListStrings(json, "labels");
    signature.sample = ObjectText(json, "sample");
    signature.tokenizer = StringText(json, "tokenizer");
    const auto names = ListStrings(json, "arguments");
    if (arguments.empty()) arguments.resize(names.size());
    for (size_t i = 0; i < std::min(names.size(), arguments.size()); ++i) {
      arguments[i].name = names[i];
    }
  } catch (const Error& error) {
    throw Error(ErrorKind::kConfiguration, fmt::format("rk.json in the model: {}", error.what()));
  }
}

[[noreturn]] void RefuseNoInputs(std::span<const Argument> arguments) {
  std::string specs;
  for (const Argument& argument : arguments) {
    if (!argument.spec.empty()) specs += (specs.empty() ? "" : ", ") + argument.spec;
  }
  if (specs.empty()) {
    throw Error(ErrorKind::kUsage,
                "the model file does not describe its inputs: give --input 'PATH:DTYPE[SHAPE]' for "
                "each argument, e.g. --input 'features:f32[16]'");
  }
  throw Error(ErrorKind::kUsage,
              fmt::format("the model takes rows of any size ({}): say with --input what goes in, "
                          "e.g. --input 'text:tokens[128]' for the tokens of a text, or --input "
                          "'items:i64[*]' for an array of any length",
                          specs));
}

void CheckOutputs(const std::vector<Output>& outputs) {
  std::vector<std::string> names;
  for (const Output& output : outputs) names.push_back(output.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    throw Error(ErrorKind::kUsage, fmt::format("output \"{}\" is named twice", *twice));
  }
}

}  // namespace

Signature MakeSignature(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, std::string_view model_signature,
                        const std::vector<std::string>& labels,
                        std::span<const Argument> arguments) {
  Signature signature{ParseInputs(inputs), ParseOutputs(outputs), labels};
  std::vector<Argument> named(arguments.begin(), arguments.end());
  if (!model_signature.empty()) FillFromModel(model_signature, signature, named);
  if (signature.inputs.empty()) RefuseNoInputs(named);
  signature.inputs = ExpandTokens(signature.inputs, named);
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    for (Field& field : signature.inputs[i].fields) field.row = i;
  }
  CheckOutputs(signature.outputs);
  return signature;
}

std::vector<std::string> ReadLabels(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) {
    throw Error(errno == ENOENT ? ErrorKind::kMissing : ErrorKind::kIo,
                fmt::format("labels {}: {}", file, std::strerror(errno)));
  }
  std::vector<std::string> labels;
  for (std::string line; std::getline(stream, line);) labels.push_back(line);
  return labels;
}

}  // namespace rk
