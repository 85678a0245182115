#include "lib/codec/codec.h"

#include <fmt/format.h>

#include "lib/codec/json/bytes.h"
#include "lib/codec/json/extract.h"
#include "lib/codec/json/sample.h"
#include "lib/codec/json/splice.h"
#include "lib/codec/json/tensor_text.h"

namespace rk {
namespace {

class JsonWriter : public ResultWriter {
 public:
  JsonWriter(const std::vector<std::string>& names, const std::vector<std::string>& labels)
      : names_(names), members_(names.size()), ends_(names.size()) {
    for (const std::string& name : names) AppendQuoted(name, quoted_.emplace_back());
    for (const std::string& label : labels) AppendQuoted(label, labels_.emplace_back());
  }

  std::optional<Rejection> Merge(std::string_view value, std::span<const PresentMember> present,
                                 std::span<const Result> results, std::string& out) override {
    auto rejection = MakeMembers(results);
    if (!rejection) rk::Merge(value, present, members_, out);
    return rejection;
  }

  std::optional<Rejection> Replace(std::span<const Result> results, std::string& out) override {
    auto rejection = MakeMembers(results);
    if (!rejection) AppendObject(members_, out);
    return rejection;
  }

 private:
  std::optional<Rejection> MakeMembers(std::span<const Result> results) {
    text_.clear();
    for (size_t i = 0; i < results.size(); ++i) {
      if (!Append(results[i])) {
        return Rejection{
            "non-finite-output",
            fmt::format("output \"{}\" is not finite, and JSON has no such number", names_[i])};
      }
      ends_[i] = text_.size();
    }
    const std::string_view text = text_;
    for (size_t i = 0, begin = 0; i < members_.size(); begin = ends_[i++]) {
      members_[i] = {quoted_[i], text.substr(begin, ends_[i] - begin)};
    }
    return std::nullopt;
  }

  bool Append(const Result& result) {
    switch (result.form) {
      case Result::Form::kTensor:
        return AppendTensor(result.dtype, result.shape, result.data, text_);
      case Result::Form::kText:
        AppendBytes(result.text, text_);
        return true;
      case Result::Form::kObject:
        return AppendKeyed(result);
      case Result::Form::kPlace:
        if (result.places.empty()) return false;
        AppendPlace(result.places[0]);
        return true;
      case Result::Form::kTop:
        return AppendTop(result);
    }
    return false;
  }

  bool AppendKeyed(const Result& result) {
    const char* element = result.data;
    char before = '{';
    for (const std::string_view key : result.keys) {
      text_ += before;
      AppendQuoted(key, text_);
      text_ += ':';
      if (!AppendTensor(result.dtype, {}, element, text_)) return false;
      element += SizeOf(result.dtype);
      before = ',';
    }
    text_ += '}';
    return true;
  }

  bool AppendTop(const Result& result) {
    if (result.places.empty()) return false;
    char before = '[';
    for (const size_t place : result.places) {
      text_ += before;
      text_ += labels_.empty() ? R"({"index":)" : R"({"label":)";
      AppendPlace(place);
      text_ += R"(,"score":)";
      (void)AppendTensor(result.dtype, {}, result.data + place * SizeOf(result.dtype), text_);
      text_ += '}';
      before = ',';
    }
    text_ += ']';
    return true;
  }

  void AppendPlace(size_t place) {
    text_ += labels_.empty() ? fmt::format_int(place).str() : labels_[place];
  }

  std::vector<std::string> names_;
  std::vector<std::string> quoted_;
  std::vector<std::string> labels_;  // quoted
  std::vector<Member> members_;
  std::vector<size_t> ends_;  // of each result's value in text_
  std::string text_;
};

class Json : public Codec {
 public:
  std::unique_ptr<FieldReader> NewReader(const std::vector<Field>& fields,
                                         const std::vector<std::string>& watched,
                                         const std::vector<std::string>& dropped) const override {
    return std::make_unique<Extractor>(fields, watched, dropped);
  }

  std::unique_ptr<ResultWriter> NewWriter(const std::vector<std::string>& names,
                                          const std::vector<std::string>& labels) const override {
    return std::make_unique<JsonWriter>(names, labels);
  }

  std::string Sample(const std::vector<Field>& fields) const override {
    return SampleObject(fields);
  }
};

}  // namespace

const Codec& JsonCodec() {
  static const Json codec;
  return codec;
}

}  // namespace rk
