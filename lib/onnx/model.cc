#include "lib/onnx/model.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/onnx/device.h"
#include "lib/onnx/element.h"
#include "lib/onnx/load_error.h"
#include "lib/onnx/port.h"
#include "lib/onnx/results.h"
#include "lib/onnx/runtime.h"

namespace rk::onnx {
namespace {

constexpr char kSignatureKey[] = "rk.json";

// What ONNX Runtime would print: everything that matters is in what it answers too.
void ORT_API_CALL Ignore(void* /*state*/, OrtLoggingLevel /*severity*/, const char* /*category*/,
                         const char* /*id*/, const char* /*place*/, const char* /*message*/) {}

// One in a process, for as long as it lives. What wheels carry reports to its makers from then on,
// by two threads and a database in the user's folder, unless it is told not to before.
const OrtEnv& Environment() {
  static const OrtEnv* const environment = [] {
    OrtEnv* made = nullptr;
    ::setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    Check(Api().CreateEnvWithCustomLogger(Ignore, nullptr, ORT_LOGGING_LEVEL_FATAL, "rk", &made));
    Check(Api().DisableTelemetryEvents(made));
    return made;
  }();
  return *environment;
}

std::vector<std::string> OutputNames(const OrtSession& session) {
  size_t count = 0;
  Check(Api().SessionGetOutputCount(&session, &count));
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    Check(Api().SessionGetOutputName(&session, i, HostAllocator(), &name));
    names.push_back(TakeString(name));
  }
  return names;
}

std::vector<const char*> Pointers(const std::vector<std::string>& names) {
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  return pointers;
}

std::vector<std::string> NamesOf(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

std::string SignatureIn(const OrtSession& session, const std::vector<Port>& ports,
                        const std::vector<std::string>& outputs) {
  const auto metadata = Make<OrtModelMetadata>(Api().SessionGetModelMetadata, &session);
  char* text = nullptr;
  Check(Api().ModelMetadataLookupCustomMetadataMap(metadata.get(), HostAllocator(), kSignatureKey,
                                                   &text));
  return text == nullptr ? SignatureOf(ports, outputs) : TakeString(text);
}

ModelFailure::Kind KindOf(const Refusal& refusal) {
  if (IsMemory(refusal)) return ModelFailure::Kind::kMemory;
  return refusal.in_node() ? ModelFailure::Kind::kRaised : ModelFailure::Kind::kOperation;
}

class OnnxModel : public Model {
 public:
  explicit OnnxModel(Owned<OrtSession> session)
      : session_(std::move(session)),
        inputs_(InputsOf(*session_)),
        input_names_(NamesOf(inputs_)),
        output_names_(OutputNames(*session_)),
        signature_(SignatureIn(*session_, inputs_, output_names_)),
        memory_(
            Make<OrtMemoryInfo>(Api().CreateCpuMemoryInfo, OrtArenaAllocator, OrtMemTypeDefault)),
        input_pointers_(Pointers(input_names_)),
        output_pointers_(Pointers(output_names_)),
        narrowed_(inputs_.size()) {}

  std::string signature() const override { return signature_; }
  std::vector<Argument> arguments() const override { return ArgumentsOf(inputs_); }

  std::span<const ModelValue> Run(std::span<const ModelValue> inputs) override {
    CheckThese(inputs);
    results_.Clear();
    try {
      Call(inputs);
    } catch (const Refusal& refusal) {
      throw ModelFailure(refusal.what(), KindOf(refusal));
    }
    return results_.values();
  }

 private:
  void CheckThese(std::span<const ModelValue> inputs) {
    given_.clear();
    for (const ModelValue& input : inputs) {
      given_.push_back({input.strings.has_value(), input.tensor.dtype, input.rows()});
    }
    CheckFits(inputs_, given_);
  }

  void Call(std::span<const ModelValue> inputs) {
    std::vector<Owned<OrtValue>> values;
    std::vector<const OrtValue*> arguments;
    for (size_t i = 0; i < inputs.size(); ++i) {
      values.push_back(inputs[i].strings ? StringsFor(i, inputs[i]) : TensorFor(i, inputs[i]));
      arguments.push_back(values.back().get());
    }
    std::vector<OrtValue*> outputs(output_names_.size());
    Check(Api().Run(session_.get(), nullptr, input_pointers_.data(), arguments.data(),
                    arguments.size(), output_pointers_.data(), outputs.size(), outputs.data()));
    std::vector<Owned<OrtValue>> owned(outputs.begin(), outputs.end());
    for (size_t i = 0; i < owned.size(); ++i) results_.Add(output_names_[i], std::move(owned[i]));
  }

  // The rows where they are: ONNX Runtime writes to none of its arguments.
  Owned<OrtValue> TensorFor(size_t input, const ModelValue& value) {
    const Element& element = *FindElement(inputs_[input].type);
    std::string_view data = value.tensor.data;
    if (!element.same) {
      std::vector<char>& narrowed = narrowed_[input];
      Narrow(element, data, narrowed);
      data = {narrowed.data(), narrowed.size()};
    }
    const std::vector<int64_t> shape = ShapeFor(inputs_[input], value.tensor.shape);
    return Make<OrtValue>(Api().CreateTensorWithDataAsOrtValue, memory_.get(),
                          static_cast<void*>(const_cast<char*>(data.data())), data.size(),
                          shape.data(), shape.size(), element.type);
  }

  Owned<OrtValue> StringsFor(size_t input, const ModelValue& value) const {
    const std::vector<int64_t> shape = ShapeFor(inputs_[input], {value.rows()});
    auto tensor = Make<OrtValue>(Api().CreateTensorAsOrtValue, HostAllocator(), shape.data(),
                                 shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
    for (size_t row = 0; row < value.strings->size(); ++row) {
      const std::string_view text = (*value.strings)[row];
      char* place = nullptr;
      Check(Api().GetResizedStringTensorElementBuffer(tensor.get(), row, text.size(), &place));
      text.copy(place, text.size());
    }
    return tensor;
  }

  Owned<OrtSession> session_;
  std::vector<Port> inputs_;
  std::vector<std::string> input_names_;
  std::vector<std::string> output_names_;
  std::string signature_;
  Owned<OrtMemoryInfo> memory_;
  std::vector<const char*> input_pointers_;
  std::vector<const char*> output_pointers_;
  std::vector<std::vector<char>> narrowed_;  // by input
  std::vector<Given> given_;                 // scratch
  Results results_;
};

Owned<OrtSessionOptions> OptionsFor(const std::string& device, int threads) {
  OrtSessionOptions* made = nullptr;
  Check(Api().CreateSessionOptions(&made));
  Owned<OrtSessionOptions> options(made);
  Check(Api().SetIntraOpNumThreads(made, threads));
  Check(Api().SetInterOpNumThreads(made, 1));
  // It would keep a plan of its memory for each batch size and length that ever came.
  Check(Api().DisableMemPattern(made));
  // Threads that wait for the next call leave the CPU to the other stages.
  Check(Api().AddSessionConfigEntry(made, "session.force_spinning_stop", "1"));
  UseDevice(device, *made);
  return options;
}

}  // namespace

std::unique_ptr<Model> LoadOnnx(const std::string& file, const std::string& device, int threads) {
  const Owned<OrtSessionOptions> options = OptionsFor(device, threads);
  try {
    return std::make_unique<OnnxModel>(
        Make<OrtSession>(Api().CreateSession, &Environment(), file.c_str(), options.get()));
  } catch (const Refusal& refusal) {
    throw LoadErrorOf(file, refusal);
  }
}

}  // namespace rk::onnx
