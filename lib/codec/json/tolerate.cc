#include "lib/codec/json/tolerate.h"

#include <charconv>
#include <cstdint>
#include <system_error>

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/codec/json/splice.h"

namespace rk {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
bool Holds(std::string_view token) {
  Number number{};
  return std::from_chars(token.data(), token.data() + token.size(), number).ec == std::errc();
}

// A walk over a text that copies it on its way; it ends by a throw at the first byte that is wrong.
class Walk {
 public:
  explicit Walk(std::string_view json) : json_(json) {}

  Tolerated Run() {
    try {
      Value(0);
      Space();
      if (at_ < json_.size()) Fail();
    } catch (const Stop&) {
      result_.bad_at = at_;
    }
    return std::move(result_);
  }

  bool too_deep() const { return too_deep_; }

 private:
  struct Stop {};

  [[noreturn]] static void Fail() { throw Stop{}; }

  char Peek() const {
    if (at_ == json_.size()) Fail();
    return json_[at_];
  }

  bool Next(char c) {
    if (at_ == json_.size() || json_[at_] != c) return false;
    result_.text += json_[at_++];
    return true;
  }

  void Expect(char c) {
    if (!Next(c)) Fail();
  }

  void Space() {
    while (at_ < json_.size() && kSpace.find(json_[at_]) != std::string_view::npos) {
      result_.text += json_[at_++];
    }
  }

  void Value(size_t depth) {
    Space();
    if (depth > simdjson::DEFAULT_MAX_DEPTH) {
      too_deep_ = true;
      Fail();
    }
    switch (Peek()) {
      case '{':
        return Members(depth);
      case '[':
        return Elements(depth);
      case '"':
        return String(false);
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  void Members(size_t depth) {
    Expect('{');
    Space();
    if (Next('}')) return;
    do {
      Space();
      if (Peek() != '"') Fail();
      String(true);
      Space();
      Expect(':');
      Value(depth + 1);
      Space();
    } while (Next(','));
    Expect('}');
  }

  void Elements(size_t depth) {
    Expect('[');
    Space();
    if (Next(']')) return;
    do {
      Value(depth + 1);
      Space();
    } while (Next(','));
    Expect(']');
  }

  void Word(std::string_view word) {
    for (const char c : word) Expect(c);
  }

  void Digits() {
    if (!IsDigit(Peek())) Fail();
    while (at_ < json_.size() && IsDigit(json_[at_])) ++at_;
  }

  bool Skip(std::string_view any) {
    if (at_ == json_.size() || any.find(json_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  void Number() {
    const size_t begin = at_;
    bool whole = true;
    Skip("-");
    if (!Skip("0")) Digits();
    if (Skip(".")) {
      whole = false;
      Digits();
    }
    if (Skip("eE")) {
      whole = false;
      Skip("+-");
      Digits();
    }
    const std::string_view token = json_.substr(begin, at_ - begin);
    const bool held = whole ? Holds<int64_t>(token) || Holds<uint64_t>(token) : IsFinite(token);
    if (held) {
      result_.text += token;
    } else {
      StandIn(kLargeNumberKey, token);
    }
  }

  // One that is too small is 0.
  static bool IsFinite(std::string_view token) {
    if (Holds<double>(token)) return true;
    const size_t exponent = token.find_first_of("eE");
    return exponent != std::string_view::npos && token[exponent + 1] == '-';
  }

  void StandIn(std::string_view key, std::string_view token) {
    result_.changed = true;
    result_.text += '{';
    AppendQuoted(key, result_.text);
    result_.text += ':';
    AppendQuoted(token, result_.text);
    result_.text += '}';
  }

  void String(bool key) {
    const size_t begin = result_.text.size();
    Expect('"');
    bool lone = false;
    while (!Next('"')) {
      if (static_cast<unsigned char>(Peek()) < 0x20) Fail();
      if (Next('\\')) {
        lone = Escape() || lone;
      } else {
        result_.text += json_[at_++];
      }
    }
    if (!lone) return;
    result_.changed = true;
    if (key) return;
    result_.text.resize(begin);
    StandIn(kLoneSurrogateKey, "");
  }

  // Past the backslash. True if it is half a pair of surrogates, alone.
  bool Escape() {
    if (Peek() != 'u') {
      if (std::string_view("\"\\/bfnrt").find(Peek()) == std::string_view::npos) Fail();
      result_.text += json_[at_++];
      return false;
    }
    const unsigned unit = CodeUnit();
    if (unit < 0xd800 || unit > 0xdfff) {
      result_.text += json_.substr(at_ - 5, 5);
      return false;
    }
    const std::string_view first = json_.substr(at_ - 5, 5);
    if (unit < 0xdc00 && json_.substr(at_).starts_with("\\u")) {
      const size_t after_first = at_++;
      const unsigned second = CodeUnit();
      if (second >= 0xdc00 && second <= 0xdfff) {
        result_.text += first;
        result_.text += json_.substr(after_first, 6);
        return false;
      }
      at_ = after_first;
    }
    result_.text += "ufffd";
    return true;
  }

  // Of `uXXXX`.
  unsigned CodeUnit() {
    ++at_;
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = Peek();
      unsigned digit = 0;
      if (std::from_chars(&c, &c + 1, digit, 16).ec != std::errc()) Fail();
      unit = unit * 16 + digit;
    }
    return unit;
  }

  std::string_view json_;
  size_t at_ = 0;
  Tolerated result_;
  bool too_deep_ = false;
};

}  // namespace

std::optional<Tolerated> Tolerate(std::string_view json) {
  Walk walk(json);
  Tolerated tolerated = walk.Run();
  if (walk.too_deep()) return std::nullopt;
  return tolerated;
}

std::string DescribeBadByte(std::string_view json, size_t at) {
  if (at >= json.size()) return fmt::format("it ends too early, after {} bytes", json.size());
  if (at == 0 && json[0] == '\0') return "byte 0 is 0x00: is this Schema Registry framing?";
  if (at == 0 && json.starts_with("\xef\xbb\xbf")) {
    return "byte 0 is 0xEF: a byte order mark, which JSON must not begin with";
  }
  for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
    const size_t begin = word[0] == '-' && at > 0 ? at - 1 : at;
    if (json.substr(begin).starts_with(word)) {
      return fmt::format("byte {} begins {}, and JSON has no such number", begin, word);
    }
  }
  const auto byte = static_cast<unsigned char>(json[at]);
  const std::string_view after =
      json.find_first_not_of(std::string_view("\0 \t\n\r", 5), at) == std::string_view::npos
          ? ", after the end of the value"
          : "";
  if (byte <= 0x20 || byte >= 0x7f) return fmt::format("byte {} is 0x{:02X}{}", at, byte, after);
  return fmt::format("byte {} is '{}', which is not expected there", at, json[at]);
}

}  // namespace rk
