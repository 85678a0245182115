#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/field.h"

namespace rk {

/// Reads the wanted fields of records' values. One thread.
class FieldReader {
 public:
  virtual ~FieldReader() = default;

  /// Reads `value`, which must have Buffer::kPadding readable bytes past its end, into `rows`.
  /// After a rejection the rows hold anything.
  virtual std::optional<Rejection> Extract(std::string_view value,
                                           std::span<const RowTarget> rows) = 0;

  /// Which of the watched names the last accepted value has, and what of it is dropped, ordered by
  /// position.
  virtual std::span<const PresentMember> present() const = 0;
};

/// What a model gave for one record under one name; borrowed.
struct Result {
  enum class Form {
    kTensor,  ///< `dtype`, `shape` and `data`
    kText,    ///< `text`
    kObject,  ///< the elements of a vector under `keys`
    kPlace,   ///< places[0], or its label
    kTop,     ///< all `places`, or their labels, each with its element of the tensor
  };

  Form form = Form::kTensor;
  Dtype dtype = Dtype::kF32;
  std::span<const int64_t> shape;
  const char* data = nullptr;
  std::string_view text;
  std::span<const std::string_view> keys;  ///< as many as the tensor has elements
  std::span<const size_t> places;          ///< empty: an element is not finite, and none was picked
};

/// Writes results into records' values. One thread.
class ResultWriter {
 public:
  virtual ~ResultWriter() = default;

  /// Appends `value` with the results in it, a result for each name, and without what is dropped;
  /// every other byte as it was. `present` is what a FieldReader that watches the names says of it.
  /// A rejection, code non-finite-output, if there is a number that the encoding cannot hold; `out`
  /// is then useless.
  virtual std::optional<Rejection> Merge(std::string_view value,
                                         std::span<const PresentMember> present,
                                         std::span<const Result> results, std::string& out) = 0;

  /// Appends a value of the results alone; else the same.
  virtual std::optional<Rejection> Replace(std::span<const Result> results, std::string& out) = 0;
};

/// An encoding of values. Any thread.
class Codec {
 public:
  virtual ~Codec() = default;

  /// `watched` are top-level names whose places are looked up for ResultWriter::Merge(), `dropped`
  /// the paths of fields that it leaves out. Throws Error(kUsage) for a path that is none.
  virtual std::unique_ptr<FieldReader> NewReader(const std::vector<Field>& fields,
                                                 const std::vector<std::string>& watched,
                                                 const std::vector<std::string>& dropped) const = 0;

  /// `labels` stand for places, none or as many as an output has elements.
  virtual std::unique_ptr<ResultWriter> NewWriter(const std::vector<std::string>& names,
                                                  const std::vector<std::string>& labels) const = 0;

  /// A value that has the fields, for people: zeros, false, and the string "text".
  virtual std::string Sample(const std::vector<Field>& fields) const = 0;
};

/// JSON objects.
const Codec& JsonCodec();

}  // namespace rk
