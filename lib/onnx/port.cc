#include "lib/onnx/port.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/onnx/element.h"
#include "lib/onnx/runtime.h"

namespace rk::onnx {
namespace {

Port InputOf(const OrtSession& session, size_t index) {
  char* name = nullptr;
  Check(Api().SessionGetInputName(&session, index, HostAllocator(), &name));
  Port port;
  port.name = TakeString(name);
  const auto info = Make<OrtTypeInfo>(Api().SessionGetInputTypeInfo, &session, index);
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // lives in info
  Check(Api().CastTypeInfoToTensorInfo(info.get(), &tensor));
  if (tensor == nullptr) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("input \"{}\" of the model is no tensor: records cannot fill it", port.name));
  }
  Check(Api().GetTensorElementType(tensor, &port.type));
  size_t rank = 0;
  Check(Api().GetDimensionsCount(tensor, &rank));
  port.shape.resize(rank);
  Check(Api().GetDimensions(tensor, port.shape.data(), rank));
  std::vector<const char*> names(rank);
  Check(Api().GetSymbolicDimensions(tensor, names.data(), rank));
  port.dimensions.assign(names.begin(), names.end());
  return port;
}

// A field's path that is this one key: lib/codec/path.h.
std::string PathOf(std::string_view name) {
  constexpr std::string_view kEscaped = ".\\?#@{";
  std::string path;
  for (const char c : name) {
    if (kEscaped.find(c) != std::string_view::npos) path += '\\';
    path += c;
  }
  return path;
}

std::string QuotedJson(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// Of a row; the batch is the first dimension.
std::span<const int64_t> RowShape(const std::vector<int64_t>& shape) {
  return std::span(shape).subspan(std::min<size_t>(1, shape.size()));
}

// -1 where a dimension is open.
int64_t CountOf(std::span<const int64_t> row) {
  int64_t count = 1;
  for (const int64_t size : row) {
    if (size < 0) return -1;
    count *= size;
  }
  return count;
}

std::string_view WordOf(const Port& port) {
  if (port.strings()) return "str";
  const Element* const element = FindElement(port.type);
  return element == nullptr ? NameOf(port.type) : element->word;
}

std::string SpecsOf(const std::vector<Port>& ports) {
  std::string specs;
  for (const Port& port : ports) {
    specs += fmt::format("{}--input '{}'", specs.empty() ? "" : " ", SpecOf(port));
  }
  return specs;
}

void CheckFits(const Port& port, const Given& given) {
  const Element* const element = FindElement(port.type);
  if (element == nullptr && !port.strings()) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("input \"{}\" of the model is of {}: records cannot fill it", port.name,
                            NameOf(port.type)));
  }
  if (given.strings != port.strings() || (element != nullptr && element->dtype != given.dtype)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("input \"{}\" of the model is of {}: it takes {}", port.name,
                            NameOf(port.type), WordOf(port)));
  }
  if (!port.shape.empty() && port.shape[0] >= 0 && port.shape[0] != given.rows) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("the model takes {0} rows a call, as its input \"{1}\" says: give "
                            "--buckets {0}",
                            port.shape[0], port.name));
  }
}

std::string NamesIn(std::span<const std::string> outputs) {
  std::string names;
  for (const std::string& output : outputs) {
    if (output.find(':') != std::string::npos) return "";
    names += fmt::format("{}{{\"name\":{}}}", names.empty() ? "" : ",", QuotedJson(output));
  }
  return names;
}

}  // namespace

std::vector<Port> InputsOf(const OrtSession& session) {
  size_t count = 0;
  Check(Api().SessionGetInputCount(&session, &count));
  std::vector<Port> ports;
  for (size_t i = 0; i < count; ++i) ports.push_back(InputOf(session, i));
  return ports;
}

std::string SpecOf(const Port& port) {
  std::string spec = fmt::format("{}:{}", PathOf(port.name), WordOf(port));
  const auto row = RowShape(port.shape);
  if (CountOf(row) == 1) return spec;
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string& name = port.dimensions[i + 1];
    spec += fmt::format("{}{}", i == 0 ? '[' : ',',
                        row[i] >= 0    ? fmt::to_string(row[i])
                        : name.empty() ? "?"
                                       : name);
  }
  return spec + ']';
}

std::vector<Argument> ArgumentsOf(std::span<const Port> ports) {
  std::vector<Argument> arguments;
  for (const Port& port : ports) {
    const Element* const element = FindElement(port.type);
    arguments.push_back(
        {port.name, element == nullptr ? Dtype::kI64 : element->dtype, SpecOf(port)});
  }
  return arguments;
}

std::string SignatureOf(std::span<const Port> ports, std::span<const std::string> outputs) {
  const std::string names = NamesIn(outputs);
  std::string specs;
  for (const Port& port : ports) {
    if (CountOf(RowShape(port.shape)) < 0) return fmt::format("{{\"outputs\":[{}]}}", names);
    specs += fmt::format("{}{{\"spec\":{}}}", specs.empty() ? "" : ",", QuotedJson(SpecOf(port)));
  }
  return fmt::format("{{\"inputs\":[{}],\"outputs\":[{}]}}", specs, names);
}

std::vector<int64_t> ShapeFor(const Port& port, const std::vector<int64_t>& given) {
  const auto row = RowShape(port.shape);
  if (port.shape.empty() || CountOf(row) != CountOf(RowShape(given))) return given;
  std::vector<int64_t> shape = {given[0]};
  shape.insert(shape.end(), row.begin(), row.end());
  return shape;
}

void CheckFits(const std::vector<Port>& ports, std::span<const Given> given) {
  if (ports.size() != given.size()) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("the model takes {} inputs and is given {}; e.g. {}", ports.size(),
                            given.size(), SpecsOf(ports)));
  }
  for (size_t i = 0; i < ports.size(); ++i) CheckFits(ports[i], given[i]);
}

}  // namespace rk::onnx
