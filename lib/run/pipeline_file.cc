#include "lib/run/pipeline_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/run/test_section.h"
#include "lib/run/toml_value.h"
#include "lib/run/whole_file.h"

namespace rk {
namespace {

constexpr std::array<std::string_view, 5> kCounts = {"replicas", "min", "max", "scale_up_above",
                                                     "scale_down_below"};
constexpr std::string_view kStageKeys =
    "exec, per_partition, replicas, min, max, scale_up_above, scale_down_below, devices, cpus, "
    "exactly_once, hosts";
constexpr std::string_view kRunKeys = "name, cpus, http, http_token_file";
constexpr std::string_view kRun = "run";
constexpr std::string_view kTest = "test";

// What stands before the '=' in that line of `text`, empty if there is none.
std::string KeyAt(const std::string& text, size_t line) {
  std::istringstream lines(text);
  std::string found;
  for (size_t number = 0; number < line; ++number) std::getline(lines, found);
  const size_t equals = found.find('=');
  if (equals == std::string::npos) return "";
  const size_t begin = found.find_first_not_of(" \t");
  const size_t end = found.find_last_not_of(" \t", equals - 1);
  return begin >= equals || end == std::string::npos ? "" : found.substr(begin, end + 1 - begin);
}

// A file on its way to a pipeline. Tables of toml++ are sorted by key; their places tell the order.
class FileReader {
 public:
  FileReader(const std::string& path, const Variables& variables, const std::string& only)
      : path_(path), variables_(variables), only_(only) {
    pipeline_.name = std::filesystem::path(path).stem();
    pipeline_.cpus = std::thread::hardware_concurrency();
  }

  std::string ReadName() {
    const toml::table file = Parse();
    const toml::table* run = file[kRun].as_table();
    const toml::node* name = run == nullptr ? nullptr : run->get("name");
    return name == nullptr ? pipeline_.name : TomlText(*name, At(*name, "run.name"));
  }

  Pipeline Read() {
    const toml::table file = Parse();
    std::vector<std::pair<std::string, const toml::node*>> sections;
    for (const auto& [key, node] : file) sections.emplace_back(key.str(), &node);
    std::ranges::sort(sections, {}, [](const auto& section) {
      return std::pair(section.second->source().begin.line, section.second->source().begin.column);
    });
    for (const auto& [name, node] : sections) {
      if (name == kTest && node->is_array()) {
        pipeline_.tests = ReadTestSections(*node, path_);
        continue;
      }
      const toml::table* section = node->as_table();
      if (section == nullptr) {
        RefuseToml(At(*node, name),
                   fmt::format("a pipeline file has a section for each stage, such as "
                               "[infer], and [{}]",
                               kRun));
      }
      if (name == kRun) {
        ReadRun(*section);
      } else {
        pipeline_.stages.push_back(ReadStage(name, *section));
      }
    }
    CheckPipeline(pipeline_, path_);
    return std::move(pipeline_);
  }

 private:
  toml::table Parse() {
    const std::string text = ReadWholeFile(path_);
    try {
      return toml::parse(text, path_);
    } catch (const toml::parse_error& error) {
      const auto line = error.source().begin.line;
      const std::string where = fmt::format("{}:{}", path_, line);
      if (const std::string key = KeyAt(text, line); !key.empty())
        RefuseToml(
            where + ": " + key,
            fmt::format("its value is not TOML: a number stands alone, as in max = 4, and text "
                        "in quotes, as in exec = \"rk-map --stamp\" ({})",
                        error.description()));
      RefuseToml(where, std::string(error.description()));
    }
  }

  void ReadRun(const toml::table& section) {
    for (const auto& [key, node] : section) {
      const std::string where = At(node, fmt::format("run.{}", key.str()));
      if (key == "name") {
        pipeline_.name = TomlText(node, where);
      } else if (key == "cpus") {
        pipeline_.cpus = TomlNumber(node, where);
      } else if (key == "http") {
        pipeline_.http.address = TomlText(node, where);
      } else if (key == "http_token_file") {
        pipeline_.http.token_file = TomlText(node, where);
      } else {
        RefuseToml(where, fmt::format("unknown key: [run] accepts {}", kRunKeys));
      }
    }
  }

  StageSpec ReadStage(const std::string& name, const toml::table& section) {
    StageDraft draft;
    draft.name = name;
    draft.where = [&](std::string_view key) {
      const toml::node* node = key.empty() ? nullptr : section.get(key);
      if (node == nullptr) return At(section, name);
      return At(*node, fmt::format("{}.{}", name, key));
    };
    for (const auto& [key, node] : section) Take(draft, std::string(key.str()), node);
    if (only_.empty() || only_ == name) return FinishStage(draft, variables_);
    return FinishStage(draft, [this](const std::string& variable) {
      return std::optional(variables_(variable).value_or(""));
    });
  }

  void Take(StageDraft& draft, const std::string& key, const toml::node& node) {
    const std::string where = draft.where(key);
    if (key == "exec") {
      draft.exec = TomlText(node, where);
    } else if (key == "per_partition" || key == "exactly_once") {
      if (!node.is_boolean()) RefuseToml(where, "expected true or false");
      (key == "per_partition" ? draft.per_partition : draft.exactly_once) =
          node.as_boolean()->get();
    } else if (key == "devices") {
      draft.devices = Texts(node, where);
    } else if (key == "hosts") {
      draft.hosts = TomlText(node, where);
    } else if (key == "cpus") {
      draft.cpus = TomlNumber(node, where);
    } else if (std::ranges::find(kCounts, key) != kCounts.end()) {
      draft.counts[key] = TomlCount(node, where);
    } else {
      RefuseToml(where, fmt::format("unknown key: a stage accepts {}", kStageKeys));
    }
  }

  static std::vector<std::string> Texts(const toml::node& node, const std::string& where) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty()) {
      RefuseToml(where, "expected a list of devices, such as [\"cuda:0\", \"cuda:1\"]");
    }
    std::vector<std::string> texts;
    for (const toml::node& one : *array) texts.push_back(TomlText(one, where));
    return texts;
  }

  std::string At(const toml::node& node, const std::string& key) const {
    return fmt::format("{}:{}: {}", path_, node.source().begin.line, key);
  }

  std::string path_;
  const Variables& variables_;
  const std::string only_;
  Pipeline pipeline_;
};

}  // namespace

Pipeline ReadPipelineFile(const std::string& path, const Variables& variables,
                          const std::string& only) {
  const Variables with_folder = [&](const std::string& name) {
    if (name == "RK_PIPELINE_DIR") {
      return std::optional(std::filesystem::absolute(path).parent_path().string());
    }
    return variables(name);
  };
  return FileReader(path, with_folder, only).Read();
}

std::string PipelineNameIn(const std::string& path) {
  const Variables none;
  return FileReader(path, none, "").ReadName();
}

}  // namespace rk
