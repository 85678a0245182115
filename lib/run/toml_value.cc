#include "lib/run/toml_value.h"

#include "lib/base/error.h"

namespace rk {

void RefuseToml(const std::string& where, const std::string& why) {
  throw Error(ErrorKind::kConfiguration, where + ": " + why);
}

std::string TomlText(const toml::node& node, const std::string& where) {
  if (!node.is_string()) RefuseToml(where, "expected a string");
  return node.as_string()->get();
}

double TomlNumber(const toml::node& node, const std::string& where) {
  const double number = node.is_number() ? node.value<double>().value_or(-1) : -1;
  if (!(number >= 0 && number <= 1e6)) RefuseToml(where, "expected a number of at least 0");
  return number;
}

size_t TomlCount(const toml::node& node, const std::string& where) {
  const int64_t count = node.is_integer() ? node.as_integer()->get() : -1;
  if (count < 0) RefuseToml(where, "expected a whole number of at least 0");
  return static_cast<size_t>(count);
}

}  // namespace rk
