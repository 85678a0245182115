#include "lib/codec/json/splice.h"

#include <algorithm>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

// The scanners below trust that the text is valid JSON.

size_t SkipSpace(std::string_view text, size_t at) { return text.find_first_not_of(kSpace, at); }

/// `at` is an opening quote; the position after the closing one.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

size_t SkipNested(std::string_view text, size_t at) {
  for (size_t depth = 0;;) {
    at = text.find_first_of("\"[]{}", at);
    if (text[at] == '"') {
      at = SkipString(text, at);
      continue;
    }
    depth += text[at] == '[' || text[at] == '{' ? 1 : -1;
    ++at;
    if (depth == 0) return at;
  }
}

size_t SkipValue(std::string_view text, size_t at) {
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] == '[' || text[at] == '{') return SkipNested(text, at);
  return text.find_first_of(",]} \t\n\r", at);
}

MemberPlace FindMember(std::string_view object, size_t index) {
  MemberWalk walk(object);
  for (; index > 0; --index) walk.Next();
  return walk.Next();
}

void AppendMember(const Member& member, bool comma, std::string& out) {
  if (comma) out += ',';
  out += member.quoted_key;
  out += ':';
  out += member.value;
}

bool IsPresent(std::span<const PresentMember> present, size_t member) {
  return std::any_of(present.begin(), present.end(),
                     [member](const PresentMember& one) { return one.member == member; });
}

}  // namespace

MemberPlace MemberWalk::Next() {
  MemberPlace place;
  place.segment.begin = at_;
  place.whole.begin = SkipSpace(object_, at_);
  const size_t colon = SkipSpace(object_, SkipString(object_, place.whole.begin));
  place.value.begin = SkipSpace(object_, colon + 1);
  place.value.end = place.whole.end = SkipValue(object_, place.value.begin);
  place.segment.end = SkipSpace(object_, place.value.end);
  at_ = place.segment.end + 1;
  return place;
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

ByteRange FindMemberValue(std::string_view object, size_t index) {
  return FindMember(object, index).value;
}

void AppendWithout(std::string_view object, size_t index, std::string& out) {
  ByteRange gone = FindMember(object, index).whole;
  const size_t next = SkipSpace(object, gone.end);
  if (object[next] == ',') {
    gone.end = SkipSpace(object, next + 1);
  } else if (index > 0) {
    gone.begin = object.rfind(',', gone.begin);
  }
  out += object.substr(0, gone.begin);
  out += object.substr(gone.end);
}

void Merge(std::string_view object, std::span<const PresentMember> present,
           std::span<const Member> members, std::string& out) {
  size_t copied = 0;
  for (const PresentMember& one : present) {
    if (one.value.begin < copied) continue;  // within what is gone
    out += object.substr(copied, one.value.begin - copied);
    if (one.member != PresentMember::kDropped) out += members[one.member].value;
    copied = one.value.end;
  }
  const size_t brace = object.find_last_not_of(kSpace);
  const size_t last = object.find_last_not_of(kSpace, brace - 1);
  out += object.substr(copied, last + 1 - copied);
  bool comma = out[out.find_last_not_of(kSpace)] != '{';
  for (size_t i = 0; i < members.size(); ++i) {
    if (IsPresent(present, i)) continue;
    AppendMember(members[i], comma, out);
    comma = true;
  }
  out += object.substr(last + 1);
}

void AppendObject(std::span<const Member> members, std::string& out) {
  out += '{';
  for (size_t i = 0; i < members.size(); ++i) AppendMember(members[i], i > 0, out);
  out += '}';
}

}  // namespace rk
