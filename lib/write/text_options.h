#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/link/source.h"
#include "lib/text/text_source.h"

namespace CLI {
class App;
}

namespace rk {

/// What rk-write -P is told of the text that it reads, with kcat's letters.
struct TextOptions {
  bool text = false;                   ///< -P
  std::string record_end = "\\n";      ///< -D, as it was given
  std::optional<std::string> key_end;  ///< -K, as it was given
  std::optional<std::string> key;      ///< -k
  std::vector<std::string> headers;    ///< -H, each name=value, or a name alone: a null value
  bool null_if_empty = false;          ///< -Z
  std::vector<std::string> files;      ///< each is a record; none: standard input
};

void AddTextOptions(CLI::App& app, TextOptions& options);

/// The files, or else standard input. Opens nothing.
std::unique_ptr<Source> OpenText(const TextOptions& options);

}  // namespace rk
