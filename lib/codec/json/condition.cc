#include "lib/codec/json/condition.h"

#include <compare>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/codec/json/document.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

enum class Operator { kEqual, kUnequal, kLess, kLessEqual, kMore, kMoreEqual };

constexpr std::string_view kSpace = " \t";
constexpr std::string_view kOperatorBytes = "=!<>";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool IsOrdered(Operator op) { return op != Operator::kEqual && op != Operator::kUnequal; }

struct Parts {
  std::string_view path;
  Operator op;
  std::string_view value;
};

std::optional<Operator> OperatorOf(std::string_view text) {
  if (text == "=") return Operator::kEqual;
  if (text == "!=") return Operator::kUnequal;
  if (text == "<") return Operator::kLess;
  if (text == "<=") return Operator::kLessEqual;
  if (text == ">") return Operator::kMore;
  if (text == ">=") return Operator::kMoreEqual;
  return std::nullopt;
}

Parts Split(std::string_view expression) {
  const size_t begin = std::min(FindSign(expression, kOperatorBytes), expression.size());
  const size_t end =
      std::min(expression.find_first_not_of(kOperatorBytes, begin), expression.size());
  const auto op = OperatorOf(expression.substr(begin, end - begin));
  const std::string_view path = Trim(expression.substr(0, begin));
  if (!op || path.empty()) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("\"{}\" is not a condition: write FIELD=VALUE (or != < <= > >= instead of =)",
                    expression));
  }
  return {path, *op, Trim(expression.substr(end))};
}

// An integer that both 64-bit kinds hold is an int64_t; null is the monostate.
using Scalar = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string_view>;

// Infinite where it is too large.
double ToDouble(std::string_view number) {
  return std::strtod(std::string(number).c_str(), nullptr);
}

// Nothing for an object or an array.
std::optional<Scalar> ScalarOf(element value) {
  switch (value.type()) {
    case element_type::NULL_VALUE:
      return Scalar();
    case element_type::BOOL:
      return Scalar(bool{value});
    case element_type::INT64:
      return Scalar(int64_t{value});
    case element_type::UINT64:
      return Scalar(uint64_t{value});
    case element_type::DOUBLE:
      return Scalar(double{value});
    case element_type::STRING:
      return Scalar(std::string_view{value});
    case element_type::OBJECT:
      if (const auto large = LargeNumber(value)) return Scalar(ToDouble(*large));
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool IsNumber(const Scalar& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<uint64_t>(value) ||
         std::holds_alternative<double>(value);
}

// Of two numbers. long double holds all of the three kinds exactly.
std::partial_ordering CompareNumbers(const Scalar& left, const Scalar& right) {
  const auto number = [](const Scalar& value) -> long double {
    if (const auto* integer = std::get_if<int64_t>(&value)) return *integer;
    if (const auto* integer = std::get_if<uint64_t>(&value)) return *integer;
    return std::get<double>(value);
  };
  return number(left) <=> number(right);
}

// Unordered: not of one kind, or of one without an order and different.
std::partial_ordering Compare(const Scalar& left, const Scalar& right) {
  if (IsNumber(left) && IsNumber(right)) return CompareNumbers(left, right);
  const auto* one = std::get_if<std::string_view>(&left);
  const auto* other = std::get_if<std::string_view>(&right);
  if (one != nullptr && other != nullptr) return *one <=> *other;
  return left == right ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
}

bool Holds(Operator op, std::partial_ordering order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kUnequal:
      return order != 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kMore:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

class Condition::Impl {
 public:
  explicit Impl(std::string_view expression) {
    const Parts parts = Split(expression);
    path_name_ = parts.path;
    path_ = ParsePath(parts.path);
    op_ = parts.op;
    wanted_text_.Append(parts.value);
    wanted_ = WantedOf(parts.value);
    if (IsOrdered(op_) && !IsNumber(wanted_) &&
        !std::holds_alternative<std::string_view>(wanted_)) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("\"{}\": only numbers and strings can be ordered", expression));
    }
  }

  bool Test(std::string_view json) {
    const auto found = FindField(ParseObject(parser_, json), path_);
    const bool there = found && !found->is_null();
    const std::optional<Scalar> value = there ? ScalarOf(*found) : Scalar();
    const auto order = value ? Compare(*value, wanted_) : std::partial_ordering::unordered;
    if (there && IsOrdered(op_) && order == std::partial_ordering::unordered) {
      throw Rejected{
          {"wrong-type", fmt::format("field \"{}\": expected {}, got {}", path_name_,
                                     IsNumber(wanted_) ? "a number" : "a string", KindOf(*found))}};
    }
    return Holds(op_, order);
  }

 private:
  Scalar WantedOf(std::string_view text) {
    element value;
    if (wanted_parser_.parse(wanted_text_.data(), wanted_text_.size(), false).get(value) ==
        simdjson::SUCCESS) {
      if (const auto scalar = ScalarOf(value)) return *scalar;
    }
    return std::string_view(wanted_text_.data(), text.size());
  }

  std::string path_name_;
  std::vector<std::string> path_;
  Operator op_ = Operator::kEqual;
  Buffer wanted_text_;
  simdjson::dom::parser wanted_parser_;
  Scalar wanted_;  // borrows from the two above
  simdjson::dom::parser parser_;
};

Condition::Condition(std::string_view expression) : impl_(std::make_unique<Impl>(expression)) {}
Condition::~Condition() = default;

std::optional<Rejection> Condition::Test(std::string_view json, bool& holds) {
  try {
    holds = impl_->Test(json);
    return std::nullopt;
  } catch (Rejected& rejected) {
    return std::move(rejected.rejection);
  }
}

}  // namespace rk
