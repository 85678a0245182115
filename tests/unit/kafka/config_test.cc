#include "lib/kafka/config.h"

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_directory.h"

using rk::ClientSettings;
using rk::Error;
using rk::ErrorKind;
using rk::Property;

namespace {

/// A properties file, gone again when the test is over.
class PropertiesFile {
 public:
  explicit PropertiesFile(const std::string& text) { std::ofstream(path_) << text; }

  const std::string& path() const { return path_; }

 private:
  rk::TestDirectory directory_;
  std::string path_ = directory_.path() + "/client.properties";
};

template <typename Action>
Error ErrorOf(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no error");
}

}  // namespace

TEST_CASE("a property is split at its first equals sign and trimmed") {
  CHECK(rk::ParseProperty(" sasl.password = a=b ") == Property("sasl.password", "a=b"));
  CHECK(rk::ParseProperty("client.id=") == Property("client.id", ""));
  CHECK_FALSE(rk::ParseProperty("client.id"));
  CHECK_FALSE(rk::ParseProperty("=x"));
}

TEST_CASE("a properties file has properties, comments and blank lines") {
  const PropertiesFile file(
      "# for both ends\n\nsecurity.protocol=SASL_SSL\r\n  client.id = x y\t\nacks=1\nacks=all");
  const std::vector<Property> expected{
      {"security.protocol", "SASL_SSL"}, {"client.id", "x y"}, {"acks", "1"}, {"acks", "all"}};
  CHECK(rk::ReadPropertiesFile(file.path()) == expected);
}

TEST_CASE("a line that is no property is named with its file and number") {
  const PropertiesFile file("client.id=x\n\nnonsense\n");
  const Error error = ErrorOf([&] { rk::ReadPropertiesFile(file.path()); });
  CHECK(error.kind() == ErrorKind::kConfiguration);
  CHECK_THAT(error.what(), Catch::StartsWith(file.path() + ":3: "));
}

TEST_CASE("a properties file that is not there is missing, and a folder cannot be read") {
  const Error missing = ErrorOf([] { rk::ReadPropertiesFile("/no/such/file"); });
  CHECK(missing.kind() == ErrorKind::kMissing);
  CHECK_THAT(missing.what(), Catch::Contains("/no/such/file"));
  CHECK(ErrorOf([] { rk::ReadPropertiesFile("/tmp"); }).kind() == ErrorKind::kIo);
}

TEST_CASE("of a property given twice the later one holds") {
  const ClientSettings settings{"", {{"acks", "1"}, {"client.id", "x"}, {"acks", "all"}}};
  CHECK(settings.Find("acks") == "all");
  CHECK_FALSE(settings.Find("linger.ms"));
}

TEST_CASE("a property that librdkafka does not know, or a value it does not take, is named") {
  const Error unknown = ErrorOf([] { rk::CheckSettings({"", {{"no.such.property", "1"}}}); });
  CHECK(unknown.kind() == ErrorKind::kConfiguration);
  CHECK_THAT(unknown.what(), Catch::Contains("no.such.property"));
  const Error bad = ErrorOf([] { rk::CheckSettings({"", {{"socket.timeout.ms", "soon"}}}); });
  CHECK(bad.kind() == ErrorKind::kConfiguration);
  CHECK_THAT(bad.what(), Catch::Contains("socket.timeout.ms"));
}

TEST_CASE("the properties of a Java program that librdkafka takes too are taken") {
  rk::CheckSettings({"localhost:9092",
                     {{"security.protocol", "SASL_PLAINTEXT"},
                      {"sasl.mechanism", "PLAIN"},
                      {"sasl.username", "u"},
                      {"sasl.password", "p"},
                      {"auto.offset.reset", "earliest"},
                      {"group.id", "g"}}});
  const Error jaas = ErrorOf([] { rk::CheckSettings({"", {{"sasl.jaas.config", "x"}}}); });
  CHECK_THAT(jaas.what(), Catch::Contains("JAAS"));
}

TEST_CASE("passwords and private keys are secret, names of users and files are not") {
  for (const char* name :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config",
        "sasl.oauthbearer.assertion.private.key.passphrase"}) {
    INFO(name);
    CHECK(rk::IsSecret(name));
  }
  CHECK_FALSE(rk::IsSecret("sasl.username"));
  CHECK_FALSE(rk::IsSecret("ssl.key.location"));
}

TEST_CASE("every property is described") {
  const std::string text = rk::DescribeProperties();
  CHECK_THAT(text, Catch::Contains("\nbootstrap.servers ") && Catch::Contains("\nsasl.mechanism "));
}
