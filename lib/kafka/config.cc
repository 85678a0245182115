#include "lib/kafka/config.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "lib/base/error.h"
#include "lib/kafka/handle.h"

namespace rk {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::optional<std::string> ClientSettings::Find(std::string_view name) const {
  for (auto property = properties.rbegin(); property != properties.rend(); ++property) {
    if (property->first == name) return property->second;
  }
  return std::nullopt;
}

std::optional<Property> ParseProperty(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(text.substr(0, equals));
  if (name.empty()) return std::nullopt;
  return Property(name, Trim(text.substr(equals + 1)));
}

std::vector<Property> ReadPropertiesFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw Error(ErrorKind::kMissing,
                "cannot open the properties file " + path + ": " + std::strerror(errno));
  }
  std::vector<Property> properties;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const std::string_view text = Trim(line);
    if (text.empty() || text.front() == '#') continue;
    auto property = ParseProperty(text);
    if (!property) {
      throw Error(ErrorKind::kConfiguration, path + ":" + std::to_string(number) +
                                                 ": not a property: write key=value (or # and a "
                                                 "comment)");
    }
    properties.push_back(std::move(*property));
  }
  if (file.bad()) throw Error(ErrorKind::kIo, "cannot read " + path + ": is it a file?");
  return properties;
}

bool IsSecret(std::string_view name) {
  for (const std::string_view part : {"password", "secret", "passphrase", "key.pem"}) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return name == "sasl.oauthbearer.config";
}

std::string DescribeProperties() {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  if (stream == nullptr) throw std::bad_alloc();
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  const std::unique_ptr<char, DestroyWith<std::free>> owner(text);
  return {text, size};
}

void CheckSettings(const ClientSettings& settings) { MakeConf(settings, {}); }

}  // namespace rk
