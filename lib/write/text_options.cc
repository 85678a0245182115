#include "lib/write/text_options.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "lib/batch/record_encoding.h"
#include "lib/text/files_source.h"
#include "lib/text/unescape.h"

namespace rk {
namespace {

std::string CheckDelimiter(const std::string& text) {
  return Unescape(text).empty() ? "a delimiter is not empty" : "";
}

HeaderView ParseHeader(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

TextFormat MakeFormat(const TextOptions& options) {
  TextFormat format;
  format.record_end = Unescape(options.record_end);
  if (options.key_end) format.key_end = Unescape(*options.key_end);
  format.key = options.key;
  format.null_if_empty = options.null_if_empty;
  for (const std::string& header : options.headers)
    AppendHeader(format.headers, ParseHeader(header));
  return format;
}

}  // namespace

void AddTextOptions(CLI::App& app, TextOptions& options) {
  auto* text = app.add_flag("-P", options.text, "read text like kcat -P; also -k -H -Z FILE...");
  app.add_option("-K", options.key_end, "with -P: key delimiter")
      ->option_text("DELIMITER")
      ->needs(text)
      ->check(CheckDelimiter);
  app.add_option("-D", options.record_end, "with -P: record delimiter")
      ->option_text("DELIMITER=\\n")
      ->needs(text)
      ->check(CheckDelimiter);
  // --help is to fit a screen: -P's line names these.
  app.add_option("-k", options.key, "with -P: key of records that have none")
      ->option_text("KEY")
      ->group("")
      ->needs(text);
  app.add_option("-H", options.headers, "with -P: add a header; may be repeated")
      ->option_text("NAME=VALUE")
      ->expected(1)
      ->take_all()
      ->group("")
      ->needs(text);
  app.add_flag("-Z", options.null_if_empty, "with -P: write empty values and keys as null")
      ->group("")
      ->needs(text);
  app.add_option("FILE", options.files, "with -P: write each file as one record")
      ->option_text("FILE...")
      ->group("");
  app.final_callback([&options] {
    if (options.text || options.files.empty()) return;
    throw CLI::ValidationError(
        "'" + options.files.front() + "'",
        "a topic is named with -t, and a file to write as a record is for -P");
  });
}

std::unique_ptr<Source> OpenText(const TextOptions& options) {
  if (options.files.empty()) return std::make_unique<TextSource>(STDIN_FILENO, MakeFormat(options));
  return std::make_unique<FilesSource>(options.files, MakeFormat(options));
}

}  // namespace rk
