#include "lib/run/test_section.h"

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "lib/run/toml_value.h"

namespace rk {
namespace {

constexpr std::string_view kKeys =
    "name, input, input_file, output, output_file, match, tolerance, dead_letters";

// One section [[test]].
class SectionReader {
 public:
  SectionReader(const toml::table& section, const std::string& path)
      : section_(section), path_(path) {}

  TestSpec Read() {
    for (const auto& [key, node] : section_) Take(std::string(key.str()), node);
    if (spec_.name.empty()) RefuseToml(At(section_, "test"), "name is missing");
    const auto input = LinesOf("input");
    if (!input) RefuseToml(At(section_, "test"), "input is missing, or input_file");
    spec_.input = *input;
    spec_.output = LinesOf("output");
    return std::move(spec_);
  }

 private:
  void Take(const std::string& key, const toml::node& node) {
    const std::string where = At(node, "test." + key);
    if (key == "name") {
      spec_.name = TomlText(node, where);
    } else if (key == "match") {
      const std::string match = TomlText(node, where);
      if (match != "whole" && match != "fields")
        RefuseToml(where, fmt::format("'{}' is neither \"whole\" nor \"fields\"", match));
      spec_.likeness.whole = match == "whole";
    } else if (key == "tolerance") {
      spec_.likeness.tolerance = TomlNumber(node, where);
    } else if (key == "dead_letters") {
      TakeDeadLetters(node, where);
    } else if (key != "input" && key != "input_file" && key != "output" && key != "output_file") {
      RefuseToml(where, fmt::format("unknown key: a test accepts {}", kKeys));
    }
  }

  void TakeDeadLetters(const toml::node& node, const std::string& where) {
    const toml::table* codes = node.as_table();
    if (codes == nullptr)
      RefuseToml(where, "expected how many of each code, such as { missing-field = 1 }");
    for (const auto& [code, count] : *codes) {
      const size_t records = TomlCount(count, At(count, fmt::format("{}.{}", where, code.str())));
      if (records > 0) spec_.dead_letters[std::string(code.str())] = records;
    }
  }

  // KEY, or the file that KEY_file names; nothing if there is neither.
  std::optional<TestLines> LinesOf(const std::string& key) const {
    const toml::node* text = section_.get(key);
    const toml::node* file = section_.get(key + "_file");
    if (text == nullptr && file == nullptr) return std::nullopt;
    if (text != nullptr && file != nullptr)
      RefuseToml(At(*file, fmt::format("test.{}_file", key)),
                 fmt::format("{} is there too: leave one of the two", key));
    if (text != nullptr) return TestLines{TomlText(*text, At(*text, "test." + key)), ""};
    const std::filesystem::path name = TomlText(*file, At(*file, fmt::format("test.{}_file", key)));
    return TestLines{"", std::filesystem::path(path_).parent_path() / name};
  }

  std::string At(const toml::node& node, const std::string& key) const {
    return fmt::format("{}:{}: {}", path_, node.source().begin.line, key);
  }

  const toml::table& section_;
  const std::string& path_;
  TestSpec spec_;
};

}  // namespace

std::vector<TestSpec> ReadTestSections(const toml::node& sections, const std::string& path) {
  std::vector<TestSpec> tests;
  const toml::array* array = sections.as_array();
  const auto refuse = [&] {
    RefuseToml(fmt::format("{}:{}: test", path, sections.source().begin.line),
               "a test is a section [[test]], in two pairs of brackets");
  };
  if (array == nullptr) refuse();
  for (const toml::node& section : *array) {
    if (!section.is_table()) refuse();
    tests.push_back(SectionReader(*section.as_table(), path).Read());
  }
  return tests;
}

}  // namespace rk
