#include "lib/kafka/kafka_options.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/base/environment.h"
#include "lib/base/error.h"

namespace rk {
namespace {

std::string CheckProperty(const std::string& text) {
  if (text == "list" || ParseProperty(text)) return {};
  return "'" + text + "' is not key=value (-X list shows every property)";
}

constexpr std::array<std::string_view, 4> kProtocols = {"plaintext://", "ssl://",
                                                        "sasl_plaintext://", "sasl_ssl://"};

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// HOST, HOST:PORT or [ADDRESS]:PORT, behind a protocol of librdkafka's or none.
bool IsBroker(std::string_view text) {
  for (const std::string_view protocol : kProtocols) {
    if (CLI::detail::to_lower(std::string(text.substr(0, protocol.size()))) == protocol) {
      text.remove_prefix(protocol.size());
      break;
    }
  }
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const size_t colon = text.find(':', bracket);
  const std::string_view host = text.substr(0, colon);
  const bool named = !host.empty() && host.find_first_of("/ \t@") == std::string_view::npos;
  return named && (colon == std::string_view::npos || IsPort(text.substr(colon + 1)));
}

// librdkafka takes them all and then looks for a broker for ever.
void CheckBrokers(const std::string& list) {
  std::string_view left = list;
  while (true) {
    const size_t comma = left.find(',');
    const std::string broker = CLI::detail::trim_copy(std::string(left.substr(0, comma)));
    if (!IsBroker(broker)) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("'{}' in the brokers '{}' is not HOST:PORT with a port from 1 to "
                              "65535: write -b HOST:PORT,HOST:PORT",
                              broker, list));
    }
    if (comma == std::string_view::npos) return;
    left.remove_prefix(comma + 1);
  }
}

void WarnOfSecret(const std::string& name, const Log& log) {
  if (!IsSecret(name)) return;
  log(LogLevel::kWarning, name +
                              " was given in -X, where other users may have seen it: put it in "
                              "a file that only you can read, and pass that with -F");
}

/// The part of an argument that is a property: `-Xkey=value`, `key=value`.
char* PropertyIn(char* argument) {
  return std::strncmp(argument, "-X", 2) == 0 ? argument + 2 : argument;
}

}  // namespace

void AddKafkaOptions(CLI::App& app, KafkaOptions& options) {
  app.add_option("-b,--brokers", options.brokers, "bootstrap brokers, HOST:PORT,... (RK_BROKERS)")
      ->option_text("HOSTS");
  app.add_option("-X", options.properties, "set a librdkafka property; -X list shows all")
      ->option_text("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->check(CheckProperty)
      ->each([](const std::string& text) {
        if (text == "list") throw CLI::CallForVersion(DescribeProperties(), 0);
      });
  app.add_option("-F", options.config_file, "read such properties from a file (RK_CONFIG)")
      ->option_text("FILE");
}

ClientSettings ReadClientSettings(const KafkaOptions& options) {
  ClientSettings settings;
  const std::string file =
      options.config_file.empty() ? Environment("RK_CONFIG").value_or("") : options.config_file;
  if (!file.empty()) settings.properties = ReadPropertiesFile(file);
  for (const std::string& text : options.properties) {
    settings.properties.push_back(ParseProperty(text).value());
  }
  settings.brokers = options.brokers;
  if (settings.brokers.empty() && !settings.Find("bootstrap.servers") &&
      !settings.Find("metadata.broker.list")) {
    settings.brokers = Environment("RK_BROKERS").value_or("");
  }
  return settings;
}

ClientSettings MakeClientSettings(const KafkaOptions& options, const Log& log) {
  ClientSettings settings = ReadClientSettings(options);
  for (const std::string& text : options.properties) WarnOfSecret(ParseProperty(text)->first, log);
  if (BrokersOf(settings).empty()) {
    throw Error(ErrorKind::kUsage,
                "no brokers: give -b HOST:PORT, set RK_BROKERS, or put bootstrap.servers in the "
                "file of -F");
  }
  CheckBrokers(BrokersOf(settings));
  CheckSettings(settings);
  return settings;
}

std::string BrokersOf(const ClientSettings& settings) {
  if (!settings.brokers.empty()) return settings.brokers;
  const auto servers = settings.Find("bootstrap.servers");
  return servers ? *servers : settings.Find("metadata.broker.list").value_or("");
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
