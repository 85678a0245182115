#include "lib/stage/option_report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/observe/json_string.h"

namespace rk {
namespace {

using Strings = std::vector<std::string>;

std::string NameOf(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  return option.get_snames().empty() ? option.get_name() : "-" + option.get_snames().front();
}

Strings ValuesOf(const CLI::Option& option) {
  if (option.count() > 0) return option.results();
  const std::string value = option.get_default_str();
  const bool empty = value.empty() || value == "[]" || value == "{}";  // lists of CLI11 2.3, 2.4
  return empty ? Strings{} : Strings{value};
}

std::string Member(const std::string& name, const Strings& values) {
  Strings quoted;
  for (const std::string& value : values) quoted.push_back(JsonString(value));
  return fmt::format("{}:[{}]", JsonString(name), fmt::join(quoted, ","));
}

}  // namespace

std::string OptionsJson(const CLI::App& app, const OptionFacts& facts) {
  Strings given;
  Strings members;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0) given.push_back(NameOf(*option));
    members.push_back(Member(NameOf(*option), ValuesOf(*option)));
  }
  for (const auto& [name, values] : facts) members.push_back(Member(name, values));
  members.insert(members.begin(), Member("given", given));
  return fmt::format("{{{}}}\n", fmt::join(members, ","));
}

}  // namespace rk
