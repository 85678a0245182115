#include "lib/kafka/kafka_options.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

#include <CLI/CLI.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string CheckProperty(const std::string& text) {
  if (text == "list" || ParseProperty(text)) return {};
  return "'" + text + "' is not key=value (-X list shows every property)";
}

/// The part of an argument that is a property: `-Xkey=value`, `key=value`.
char* PropertyIn(char* argument) {
  return std::strncmp(argument, "-X", 2) == 0 ? argument + 2 : argument;
}

}  // namespace

void AddKafkaOptions(CLI::App& app, KafkaOptions& options) {
  app.add_option("-b,--brokers", options.brokers, "bootstrap brokers, HOST:PORT,... (RK_BROKERS)")
      ->type_name("HOSTS");
  app.add_option("-X", options.properties, "set a librdkafka property; -X list shows all")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->check(CheckProperty)
      ->each([](const std::string& text) {
        if (text == "list") throw CLI::CallForVersion(DescribeProperties(), 0);
      });
  app.add_option("-F", options.config_file, "read such properties from a file (RK_CONFIG)")
      ->type_name("FILE");
}

ClientSettings MakeClientSettings(const KafkaOptions& options, const Log& log) {
  ClientSettings settings;
  const std::string file =
      options.config_file.empty() ? Environment("RK_CONFIG") : options.config_file;
  if (!file.empty()) settings.properties = ReadPropertiesFile(file);
  for (const std::string& text : options.properties) {
    Property property = ParseProperty(text).value();
    if (IsSecret(property.first)) {
      log(LogLevel::kWarning, property.first +
                                  " was given in -X, where other users may have seen it: put it in "
                                  "a file that only you can read, and pass that with -F");
    }
    settings.properties.push_back(std::move(property));
  }
  settings.brokers = options.brokers;
  if (settings.brokers.empty() && !settings.Find("bootstrap.servers") &&
      !settings.Find("metadata.broker.list")) {
    settings.brokers = Environment("RK_BROKERS");
    if (settings.brokers.empty()) {
      throw Error(ErrorKind::kUsage,
                  "no brokers: give -b HOST:PORT, set RK_BROKERS, or put bootstrap.servers in the "
                  "file of -F");
    }
  }
  CheckSettings(settings);
  return settings;
}

void BlankSecrets(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char* property = PropertyIn(argv[i]);
    char* equals = std::strchr(property, '=');
    if (equals == nullptr || !IsSecret({property, static_cast<size_t>(equals - property)}))
      continue;
    std::memset(equals + 1, 0, std::strlen(equals + 1));
  }
}

}  // namespace rk
