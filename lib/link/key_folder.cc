#include "lib/link/key_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <zmq.h>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeyCharacters = 40;
constexpr size_t kKeyBytes = 32;
constexpr std::streamsize kLongestFile = 4096;
constexpr std::string_view kEnding = ".key";

std::string SecretFile(const std::string& folder) { return folder + "/own.key_secret"; }
std::string PublicFile(const std::string& folder) { return folder + "/own.key"; }
std::string PeersFolder(const std::string& folder) { return folder + "/peers"; }

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorKind::kConfiguration, fmt::format("{} {}", path, why));
}

[[noreturn]] void Fail(const std::string& what, const std::string& path) {
  throw Error(ErrorKind::kIo, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

// Nobody else may have `forbidden` of it.
void RequireOurs(const std::string& path, mode_t forbidden, const char* advice) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    throw Error(ErrorKind::kMissing,
                fmt::format("{}: {} (rk-run --keys DIR makes a folder of keys)", path,
                            std::strerror(errno)));
  }
  if (status.st_uid != geteuid() && status.st_uid != 0)
    Refuse(path, fmt::format("belongs to user {}: keys are their user's own", status.st_uid));
  if ((status.st_mode & forbidden) != 0) {
    Refuse(path, fmt::format("is open to other users (mode {:o}): {}",
                             static_cast<unsigned>(status.st_mode) & 07777U, advice));
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::string text(kLongestFile, '\0');
  file.read(text.data(), kLongestFile);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

// What stands behind `name = "` in a certificate, if it is a key.
std::optional<std::string> KeyNamed(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line.compare(begin, name.size(), name) != 0) continue;
    const size_t open = line.find('"', begin);
    const size_t close = line.rfind('"');
    if (open == std::string::npos || close - open - 1 != kKeyCharacters) return std::nullopt;
    std::string key = line.substr(open + 1, kKeyCharacters);
    std::array<uint8_t, kKeyBytes> ignored{};
    if (zmq_z85_decode(ignored.data(), key.c_str()) == nullptr) return std::nullopt;
    return key;
  }
  return std::nullopt;
}

std::string RequireKey(const std::string& path, const std::string& name) {
  if (auto key = KeyNamed(ReadFile(path), name)) return *std::move(key);
  Refuse(path, fmt::format("has no {} = \"KEY\" of {} characters in Z85: it is not a key file",
                           name, kKeyCharacters));
}

void Write(const std::string& path, mode_t mode, const std::string& text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.fd() < 0 || fchmod(file.fd(), mode) != 0 ||
      write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.fd()) != 0)
    Fail("write", path);
}

void WritePublic(const std::string& folder, std::string_view public_key) {
  Write(PublicFile(folder), 0644,
        fmt::format("#   ZeroMQ CURVE Public Certificate\n"
                    "#   Copy it to the peers folder of other machines, as HOST.key.\n\n"
                    "metadata\ncurve\n    public-key = \"{}\"\n",
                    public_key));
}

// The half to be copied: it may have been lost, or be another pair's.
bool CompletePair(const KeyFolder& keys, bool has_public) {
  const std::string file = PublicFile(keys.path());
  if (!has_public) {
    WritePublic(keys.path(), keys.own().public_key);
  } else if (RequireKey(file, "public-key") != keys.own().public_key) {
    Refuse(file,
           "is not the public half of own.key_secret beside it: remove it, and rk-run "
           "--keys DIR makes it anew");
  }
  return !has_public;
}

void MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) Fail("make", path);
}

}  // namespace

void RequireCurve() {
  if (zmq_has("curve") == 1) return;
  throw Error(ErrorKind::kUnavailable,
              "this machine's libzmq was built without CURVE, without which nothing goes to "
              "another machine: install one that has libsodium, as distributions do");
}

KeyFolder::KeyFolder(std::string path) : path_(std::move(path)) {
  RequireCurve();
  RequireOurs(path_, 022, "chmod go-w it");
  RequireOurs(SecretFile(path_), 077, "chmod 600 it");
  RequireOurs(PeersFolder(path_), 022, "chmod go-w it");
  own_ = {RequireKey(SecretFile(path_), "public-key"), RequireKey(SecretFile(path_), "secret-key")};
  std::array<char, kKeyCharacters + 1> derived{};
  if (zmq_curve_public(derived.data(), own_.secret_key.c_str()) != 0 ||
      own_.public_key != derived.data())
    Refuse(SecretFile(path_), "has a public key that does not belong to its secret one");
}

std::string KeyFolder::KeyOf(const std::string& host) const {
  const std::string file = fmt::format("{}/{}{}", PeersFolder(path_), host, kEnding);
  std::error_code ignored;
  if (fs::exists(file, ignored)) return RequireKey(file, "public-key");
  if (IsOfThisMachine(host)) return own_.public_key;
  throw Error(ErrorKind::kConfiguration,
              fmt::format("{} is not there: copy the own.key of {} to it", file, host));
}

std::vector<std::string> KeyFolder::NamesOf(std::string_view public_key) const {
  std::vector<std::string> names;
  if (public_key == own_.public_key) names.emplace_back("own");
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(PeersFolder(path_), ignored)) {
    if (entry.path().extension() != kEnding) continue;
    if (KeyNamed(ReadFile(entry.path()), "public-key") == public_key)
      names.push_back(entry.path().stem());
  }
  return names;
}

bool MakeKeys(const std::string& path) {
  RequireCurve();
  MakeFolder(path);
  MakeFolder(PeersFolder(path));
  std::error_code ignored;
  const bool has_public = fs::exists(PublicFile(path), ignored);
  if (fs::exists(SecretFile(path), ignored)) return CompletePair(KeyFolder(path), has_public);
  if (has_public) {
    Refuse(PublicFile(path),
           "has no secret half, own.key_secret, beside it: put that back, or "
           "remove own.key for new keys, which others have to be given again");
  }
  std::array<char, kKeyCharacters + 1> public_key{};
  std::array<char, kKeyCharacters + 1> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) Fail("make keys for", path);
  Write(SecretFile(path), 0600,
        fmt::format("#   ZeroMQ CURVE **Secret** Certificate\n"
                    "#   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.\n\n"
                    "metadata\ncurve\n    public-key = \"{}\"\n    secret-key = \"{}\"\n",
                    public_key.data(), secret_key.data()));
  WritePublic(path, public_key.data());
  return true;
}

}  // namespace rk
