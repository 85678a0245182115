#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lib/codec/field.h"

namespace rk {

/// Appends `text` (UTF-8) as a JSON string, quoted.
void AppendQuoted(std::string_view text, std::string& out);

/// Where a member of an object is written.
struct MemberPlace {
  ByteRange segment;  ///< from behind the brace or comma before it to the one after it
  ByteRange whole;    ///< from its key's quote to its value's end
  ByteRange value;
};

/// Goes from member to member of an object, which is valid JSON.
class MemberWalk {
 public:
  explicit MemberWalk(std::string_view object) : object_(object), at_(object.find('{') + 1) {}

  /// There is one more: whoever calls has parsed the object.
  MemberPlace Next();
  /// Where the next member's segment begins.
  size_t at() const { return at_; }

 private:
  std::string_view object_;
  size_t at_;
};

/// The bytes of the value of an object's member number `index`, counted from 0 as written. `object`
/// is valid JSON and has that many: whoever calls has parsed it.
ByteRange FindMemberValue(std::string_view object, size_t index);

/// Appends `object` (valid JSON) without its member number `index` and the comma that goes with it;
/// every other byte is as it was.
void AppendWithout(std::string_view object, size_t index, std::string& out);

/// A member to write: the key quoted, the value as JSON.
struct Member {
  std::string_view quoted_key;
  std::string_view value;
};

/// Appends `object` (valid JSON) with `members` in it. One that is `present` gets its new value in
/// the old one's place, the others follow the object's last; what is dropped is left out; every
/// other byte is as it was. `present` goes up by position and names no member twice; of those that
/// lie in each other the first counts.
void Merge(std::string_view object, std::span<const PresentMember> present,
           std::span<const Member> members, std::string& out);

/// Appends an object of just these members.
void AppendObject(std::span<const Member> members, std::string& out);

}  // namespace rk
