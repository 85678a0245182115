#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rk {

/// A librdkafka property, e.g. {"security.protocol", "SASL_SSL"}.
using Property = std::pair<std::string, std::string>;

/// What every Kafka client of a tool is told: where the brokers are, and librdkafka's properties in
/// the order they were given. Where a name comes twice the later one holds.
struct ClientSettings {
  std::string brokers;  ///< host:port,…; empty: bootstrap.servers is among the properties
  std::vector<Property> properties;

  /// The value that holds for `name`, nullopt if it was not given.
  std::optional<std::string> Find(std::string_view name) const;
};

/// Splits `key=value` at the first '='; blanks around both are dropped. nullopt if there is no '='
/// or no key.
std::optional<Property> ParseProperty(std::string_view text);

/// Reads a properties file as kcat and librdkafka's examples take it: `key=value` lines, blank
/// lines and lines that start with '#'. Throws Error(kMissing) if it cannot be opened, Error(kIo),
/// and Error(kConfiguration) naming the file and the line for a line that is none of these.
std::vector<Property> ReadPropertiesFile(const std::string& path);

/// True for properties whose value must not be seen by others (passwords, private keys).
bool IsSecret(std::string_view name);

/// Everything that can be set, as librdkafka describes it: one line a property.
std::string DescribeProperties();

/// Throws Error(kConfiguration), naming the property, if librdkafka does not know one of them or
/// does not take its value. Opens nothing.
void CheckSettings(const ClientSettings& settings);

}  // namespace rk
