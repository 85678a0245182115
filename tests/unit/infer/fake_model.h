#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/infer/infer.h"

namespace rk {

using Floats = std::vector<float>;

/// A model that a test writes: takes the first input's rows as floats, gives `columns` floats a
/// row; and keeps a list of how many rows each call had. Outlives the model.
struct Fake {
  using Function = std::function<Floats(const Floats& rows)>;

  explicit Fake(Function what, size_t count = 1) : function(std::move(what)), columns(count) {}

  Function function;
  size_t columns;
  std::vector<size_t> calls;
  std::atomic<int> gone = 0;  ///< models of it
};

class FakeModel : public Model {
 public:
  explicit FakeModel(Fake& fake) : fake_(fake) {}
  ~FakeModel() override { ++fake_.gone; }
  FakeModel(const FakeModel&) = delete;
  FakeModel& operator=(const FakeModel&) = delete;

  std::string signature() const override { return ""; }

  std::span<const ModelValue> Run(std::span<const ModelValue> inputs) override {
    const ColumnView& tensor = inputs[0].tensor;
    fake_.calls.push_back(static_cast<size_t>(tensor.shape[0]));
    Floats rows(tensor.data.size() / sizeof(float));
    std::memcpy(rows.data(), tensor.data.data(), tensor.data.size());
    result_ = fake_.function(rows);
    const std::string_view bytes(reinterpret_cast<const char*>(result_.data()),
                                 result_.size() * sizeof(float));
    const auto count = static_cast<int64_t>(result_.size() / fake_.columns);
    value_.tensor = {"", Dtype::kF32, {count, static_cast<int64_t>(fake_.columns)}, bytes};
    return {&value_, 1};
  }

 private:
  Fake& fake_;
  Floats result_;
  ModelValue value_;
};

inline Floats Double(const Floats& rows) {
  Floats doubled;
  for (const float row : rows) doubled.push_back(2 * row);
  return doubled;
}

/// One output, y, of one input.
inline std::unique_ptr<WarmModel> Warm(
    Fake& fake, const InferOptions& options = {}, const std::string& spec = "x:f32",
    const std::string& id = "m@1", const Log& log = [](LogLevel, std::string_view) {}) {
  return std::make_unique<WarmModel>(std::make_unique<FakeModel>(fake),
                                     MakeSignature({spec}, {"y"}, ""), options, id, log);
}

}  // namespace rk
