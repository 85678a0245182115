#pragma once

#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/kafka/config.h"

namespace CLI {
class App;
}

namespace rk {

/// How a tool is told of the brokers, with kcat's letters.
struct KafkaOptions {
  std::string brokers;                  ///< -b
  std::vector<std::string> properties;  ///< -X, each key=value
  std::string config_file;              ///< -F
};

/// Adds -b, -X (`-X list` prints every property and ends the tool with 0) and -F.
void AddKafkaOptions(CLI::App& app, KafkaOptions& options);

/// What -F or RK_CONFIG, -X over it and -b say together. Warns of nothing and checks nothing but
/// the file. Throws Error(kMissing) and Error(kConfiguration) for that.
ClientSettings ReadClientSettings(const KafkaOptions& options);

/// What the options, RK_CONFIG (a file, if there is no -F) and RK_BROKERS say together: the file
/// first, -X over it, -b over both; RK_BROKERS only where none of them names brokers.
/// Warns of secrets in -X. Throws Error(kUsage) if no brokers are named or one is not HOST:PORT,
/// Error(kMissing) for a file that is not there, Error(kConfiguration) naming what is wrong.
ClientSettings MakeClientSettings(const KafkaOptions& options, const Log& log);

/// The brokers that they name, HOST:PORT,…; empty if none are.
std::string BrokersOf(const ClientSettings& settings);

/// Overwrites the values of secret properties given by -X in the process's own arguments, where
/// every user of the machine could read them.
void BlankSecrets(int argc, char** argv);

}  // namespace rk
