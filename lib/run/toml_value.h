#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <string>

/// Inside lib/run only: values of a pipeline file. `where` begins the message of what is refused.
namespace rk {

/// Throws Error(kConfiguration).
[[noreturn]] void RefuseToml(const std::string& where, const std::string& why);
std::string TomlText(const toml::node& node, const std::string& where);
/// From 0 to 1e6.
double TomlNumber(const toml::node& node, const std::string& where);
size_t TomlCount(const toml::node& node, const std::string& where);

}  // namespace rk
