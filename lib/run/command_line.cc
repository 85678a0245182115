#include "lib/run/command_line.h"

#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::string_view kShellOnly = "<>;&()`#*?[]{}~!";
constexpr std::string_view kHarmless =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-";

bool IsBlank(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }
bool IsNameByte(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) || byte == '_'; }

// One pass over a line, front to back.
class Splitter {
 public:
  Splitter(std::string_view line, const Variables& variables)
      : line_(line), variables_(variables) {}

  std::vector<std::vector<std::string>> Split() {
    while (at_ < line_.size()) Take(line_[at_++]);
    EndCommand();
    return std::move(commands_);
  }

 private:
  void Take(char byte) {
    if (IsBlank(byte)) return EndWord();
    if (byte == '|') return EndCommand();
    if (byte == '\'') return TakeSingleQuoted();
    if (byte == '"') return TakeDoubleQuoted();
    if (byte == '\\') return TakeEscaped();
    if (byte == '$') return TakeVariable();
    // In the middle of a word these are as good as any other, but for what ends a word in a shell.
    const bool inside = word_ && std::string_view("#*?[]{}~!").find(byte) != std::string_view::npos;
    if (!inside && kShellOnly.find(byte) != std::string_view::npos) {
      Refuse(fmt::format("'{}' is shell syntax: quote it if it is part of a word", byte));
    }
    Append(byte);
  }

  void TakeSingleQuoted() {
    const size_t end = line_.find('\'', at_);
    if (end == std::string_view::npos) Refuse("a ' is not closed");
    Word() += line_.substr(at_, end - at_);
    at_ = end + 1;
  }

  void TakeDoubleQuoted() {
    Word();
    while (at_ < line_.size() && line_[at_] != '"') {
      const char byte = line_[at_++];
      if (byte == '$') {
        TakeVariable();
      } else if (byte == '\\' && at_ < line_.size() &&
                 std::string_view("\"\\$`").find(line_[at_]) != std::string_view::npos) {
        Append(line_[at_++]);
      } else {
        Append(byte);
      }
    }
    if (at_ == line_.size()) Refuse("a \" is not closed");
    ++at_;
  }

  void TakeEscaped() {
    if (at_ == line_.size()) Refuse("it ends with a backslash");
    if (const char byte = line_[at_++]; byte != '\n') Append(byte);
  }

  void TakeVariable() {
    const bool braces = at_ < line_.size() && line_[at_] == '{';
    const size_t begin = at_ + (braces ? 1 : 0);
    size_t end = begin;
    while (end < line_.size() && IsNameByte(line_[end])) ++end;
    const std::string name(line_.substr(begin, end - begin));
    const bool closed = !braces || (end < line_.size() && line_[end] == '}');
    if (name.empty() || !closed) Refuse("after '$' comes a variable, as in ${BROKERS}");
    const auto value = variables_(name);
    if (!value)
      Refuse(fmt::format(
          "variable {} is not set: export it, or put ${} in single quotes if it is no variable",
          name, name));
    Word() += *value;
    at_ = end + (braces ? 1 : 0);
  }

  std::string& Word() { return word_ ? *word_ : word_.emplace(); }
  void Append(char byte) { Word() += byte; }

  void EndWord() {
    if (word_) words_.push_back(*std::exchange(word_, std::nullopt));
  }

  void EndCommand() {
    EndWord();
    if (words_.empty()) Refuse("a command is missing next to '|'");
    commands_.push_back(std::exchange(words_, {}));
  }

  [[noreturn]] static void Refuse(const std::string& why) {
    throw Error(ErrorKind::kConfiguration, why);
  }

  std::string_view line_;
  const Variables& variables_;
  size_t at_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
  std::vector<std::vector<std::string>> commands_;
};

std::string QuoteWord(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kHarmless) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char byte : word) quoted += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
  return quoted + "'";
}

}  // namespace

std::vector<std::vector<std::string>> SplitLine(std::string_view line, const Variables& variables) {
  return Splitter(line, variables).Split();
}

std::string Quote(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += QuoteWord(word);
  }
  return line;
}

}  // namespace rk
