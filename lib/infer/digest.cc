#include "lib/infer/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

[[noreturn]] void Fail(const std::string& file) {
  const int error = errno;
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::kMissing : ErrorKind::kIo,
              fmt::format("model {}: {}", file, std::strerror(error)));
}

}  // namespace

std::string Sha256Of(const std::string& file) {
  const std::unique_ptr<std::FILE, CloseFile> stream(std::fopen(file.c_str(), "rbe"));
  if (!stream) Fail(file);
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> bytes(size_t{1} << 20);
  while (const size_t count = std::fread(bytes.data(), 1, bytes.size(), stream.get())) {
    EVP_DigestUpdate(context.get(), bytes.data(), count);
  }
  if (std::ferror(stream.get()) != 0) Fail(file);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace rk
