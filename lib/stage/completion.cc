#include "lib/stage/completion.h"

#include <algorithm>
#include <map>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rk {
namespace {

std::vector<const CLI::Option*> Options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return option->nonpositional() && option->get_group() != kHidden;
  });
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// As written: -t, --topic.
std::vector<std::string> Spellings(const CLI::Option& option) {
  std::vector<std::string> spellings;
  for (const std::string& name : option.get_snames()) spellings.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) spellings.push_back("--" + name);
  return spellings;
}

/// A name that a shell's function can have.
std::string FunctionOf(const CLI::App& app) {
  std::string name = "_" + app.get_name();
  std::ranges::replace(name, '-', '_');
  return name;
}

/// What the option takes is the name of one of these, which the brokers know: `topic`, `group`, or
/// empty for none.
std::string NamedBy(const CLI::App& app, const CLI::Option& option) {
  if (app.get_option_no_throw("--brokers") == nullptr) return "";
  if (option.check_name("--topic") || option.check_name("--dead-letter")) return "topic";
  return option.check_name("--group") ? "group" : "";
}

// Prints the names of a topic's or group's kind that the brokers have. Whoever waits for a shell to
// complete a word does not wait long, and only brokers that the line `$2` names are asked.
constexpr char kNames[] =
    R"sh(_rk_names() {{
  local brokers='(^|[[:space:]])(-b|--brokers)[[:space:]=]*([^[:space:]]+)'
  local file='(^|[[:space:]])-F[[:space:]]*([^[:space:]]+)'
  local -a options
  [[ $2 =~ $brokers ]] || return 0
  options=(-b "${{{0}[3]}}")
  [[ ! $2 =~ $file ]] || options+=(-F "${{{0}[2]}}")
  timeout 2 rk-read -q -L "${{options[@]}}" 2>/dev/null </dev/null | sed -n "s/^  $1 \"\([^\"]*\)\".*/\1/p"
}}
)sh";

// What an option takes, and what is no option, the shell completes as it does by itself: files.
std::string BashScript(const CLI::App& app) {
  std::vector<std::string> all;
  std::vector<std::string> valued;
  std::map<std::string, std::vector<std::string>> named;
  for (const CLI::Option* option : Options(app)) {
    const std::string kind = NamedBy(app, *option);
    for (const std::string& spelling : Spellings(*option)) {
      all.push_back(spelling);
      if (!kind.empty())
        named[kind].push_back(spelling);
      else if (TakesValue(*option))
        valued.push_back(spelling);
    }
  }
  std::string cases;
  for (const auto& [kind, spellings] : named)
    cases += fmt::format(
        "    {}) COMPREPLY=($(compgen -W \"$(_rk_names {} \"$COMP_LINE\")\" -- \"$2\")); return "
        ";;\n",
        fmt::join(spellings, " | "), kind);
  return (named.empty() ? "" : fmt::format(kNames, "BASH_REMATCH")) +
         fmt::format(
             "{0}() {{\n"
             "  COMPREPLY=()\n"
             "  case $3 in\n"
             "{4}"
             "    {1}) return ;;\n"
             "  esac\n"
             "  [[ $2 != -* ]] || COMPREPLY=($(compgen -W '{2}' -- \"$2\"))\n"
             "}}\n"
             "complete -o default -F {0} {3}\n",
             FunctionOf(app), fmt::join(valued, " | "), fmt::join(all, " "), app.get_name(), cases);
}

/// `text` in one line, with a backslash before each of `special`.
std::string Escaped(const std::string& text, std::string_view special) {
  std::string escaped;
  for (const char byte : text) {
    if (special.find(byte) != std::string_view::npos) escaped += '\\';
    escaped += byte == '\n' ? ' ' : byte;
  }
  return escaped;
}

std::string Quoted(const std::string& text) {
  return "'" + CLI::detail::find_and_replace(text, "'", "'\\''") + "'";
}

// Specifications of zshcompsys(1)'s _arguments: each spelling with what is said of it.
std::string ZshLines(const CLI::App& app, const CLI::Option& option) {
  const std::string kind = NamedBy(app, option);
  // A blank before it: without arguments of zsh's own.
  const std::string action = kind.empty() ? "_files" : fmt::format(" _rk_add_names {}", kind);
  std::string lines;
  for (const std::string& spelling : Spellings(option)) {
    std::string description = fmt::format("[{}]", Escaped(option.get_description(), "[]\\"));
    if (TakesValue(option)) {
      description = fmt::format("{}{}:{}:{}", spelling.starts_with("--") ? "=" : "+", description,
                                Escaped(option.get_option_text(), ":\\"), action);
    }
    lines += fmt::format("    {} \\\n", Quoted(fmt::format("*{}{}", spelling, description)));
  }
  return lines;
}

std::string ZshScript(const CLI::App& app) {
  std::string lines;
  for (const CLI::Option* option : Options(app)) lines += ZshLines(app, *option);
  // As a file of $fpath it is the function; read by eval it has to register it.
  return fmt::format(
      "#compdef {1}\n"
      "{3}"
      "_rk_add_names() {{ compadd -- $(_rk_names $1 \"$words\"); }}\n"
      "{0}() {{\n"
      "  _arguments \\\n"
      "{2}"
      "    '*:file:_files'\n"
      "}}\n"
      "if [[ $funcstack[1] == _{1} ]]; then {0} \"$@\"; else compdef {0} {1}; fi\n",
      FunctionOf(app), app.get_name(), lines, fmt::format(kNames, "match"));
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  return shell == "zsh" ? ZshScript(app) : BashScript(app);
}

}  // namespace rk
