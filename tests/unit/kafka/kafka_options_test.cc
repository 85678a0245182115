#include "lib/kafka/kafka_options.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_directory.h"

using rk::ClientSettings;
using rk::Error;
using rk::ErrorKind;
using rk::KafkaOptions;

namespace {

/// An environment variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// No variables, one properties file, and the warnings that were logged.
struct Fixture {
  Variable brokers{"RK_BROKERS", nullptr};
  Variable config{"RK_CONFIG", nullptr};
  rk::TestDirectory directory;
  std::string path = directory.path() + "/client.properties";
  std::vector<std::string> warnings;

  ClientSettings Make(const KafkaOptions& options) {
    return rk::MakeClientSettings(
        options, [this](rk::LogLevel, std::string_view text) { warnings.emplace_back(text); });
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the file is below -X and both are below -b") {
  std::ofstream(path) << "client.id=file\nlinger.ms=3\nbootstrap.servers=file:1\n";
  const ClientSettings settings = Make({"option:1", {"client.id=option"}, path});
  CHECK(settings.Find("client.id") == "option");
  CHECK(settings.Find("linger.ms") == "3");
  CHECK(settings.brokers == "option:1");
}

TEST_CASE_METHOD(Fixture, "RK_CONFIG is the file where there is no -F") {
  std::ofstream(path) << "client.id=file\nbootstrap.servers=file:1\n";
  const Variable set("RK_CONFIG", path.c_str());
  CHECK(Make({}).Find("client.id") == "file");
  CHECK(Make({"b:1", {}, "/dev/null"}).Find("client.id") == std::nullopt);
}

TEST_CASE_METHOD(Fixture, "RK_BROKERS counts only where nothing else names brokers") {
  const Variable set("RK_BROKERS", "variable:1");
  CHECK(Make({}).brokers == "variable:1");
  CHECK(Make({"option:1", {}, ""}).brokers == "option:1");
  CHECK(Make({"", {"bootstrap.servers=x:1"}, ""}).brokers.empty());
  CHECK(Make({"", {"metadata.broker.list=x:1"}, ""}).brokers.empty());
}

TEST_CASE_METHOD(Fixture, "brokers that are none are wrong usage that says the form") {
  for (const char* list : {"kafka://h:1", ",", "h:1,", "h:99999", ":9092", "h:", "h:0", "h:x",
                           "a b:1", "h:1,,g:1", "[::1:9092", "user@h:1"}) {
    INFO(list);
    CHECK_THROWS_WITH(Make({list, {}, ""}), Catch::Contains("write -b HOST:PORT,HOST:PORT"));
  }
  for (const char* list : {"h", "h:1", "a.b-c:65535, d:9092", "[::1]:9092", "SASL_SSL://h:1"}) {
    INFO(list);
    CHECK(Make({list, {}, ""}).brokers == list);
  }
}

TEST_CASE_METHOD(Fixture, "no brokers at all is wrong usage") {
  try {
    Make({});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUsage);
  }
}

TEST_CASE_METHOD(Fixture, "a password in -X is taken with a warning that does not repeat it") {
  const ClientSettings settings = Make({"b:1", {"sasl.password=hush"}, ""});
  CHECK(settings.Find("sasl.password") == "hush");
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("sasl.password") && !Catch::Contains("hush"));
}

TEST_CASE("secrets are blanked in the arguments, and nothing else is") {
  std::vector<std::string> arguments{
      "rk-write", "-X", "sasl.password=hush", "-Xssl.key.pem=key", "-t",
      "a=b",      "-X", "sasl.username=me"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  rk::BlankSecrets(static_cast<int>(argv.size()), argv.data());
  CHECK(std::string(argv[2]) == "sasl.password=");
  CHECK(arguments[2].find("hush") == std::string::npos);
  CHECK(std::string(argv[3]) == "-Xssl.key.pem=");
  CHECK(std::string(argv[5]) == "a=b");
  CHECK(std::string(argv[7]) == "sasl.username=me");
}
