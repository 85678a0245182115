#include "lib/infer/load.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/base/freed_memory.h"
#include "lib/infer/digest.h"
#include "lib/infer/module.h"
#include "lib/infer/token_inputs.h"
#include "lib/infer/tokenizer.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kDigits = 64;
constexpr size_t kShownDigits = 12;

// What tells one state of a file from another.
auto StateOf(const std::string& file) {
  struct stat state = {};
  if (::stat(file.c_str(), &state) != 0) {
    throw Error(errno == ENOENT || errno == ENOTDIR ? ErrorKind::kMissing : ErrorKind::kIo,
                fmt::format("model {}: {}", file, std::strerror(errno)));
  }
  return std::tuple(state.st_dev, state.st_ino, state.st_size, state.st_mtim.tv_sec,
                    state.st_mtim.tv_nsec);
}

std::string CheckedSha256(const ModelOptions& options) {
  if (!options.sha256.empty() &&
      (options.sha256.size() != kDigits ||
       options.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--sha256 \"{}\" is not {} digits 0-9, a-f", options.sha256, kDigits));
  }
  std::string digest = Sha256Of(options.file);
  if (!options.sha256.empty() && options.sha256 != digest) {
    throw Error(ErrorKind::kBadData, fmt::format("{} has the SHA-256 {}, not {} as required",
                                                 options.file, digest, options.sha256));
  }
  return digest;
}

// What the file seems to be, and is not by its name; empty if there is nothing to say.
std::string_view SeemsToBe(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string start(4, '\0');
  stream.read(start.data(), static_cast<std::streamsize>(start.size()));
  const bool onnx = file.ends_with(".onnx");
  if (onnx && start == "PK\x03\x04") {
    return "a TorchScript model (.pt) or an AOTInductor package (.pt2)";
  }
  // As BackendFor() sees it.
  return !onnx && start[0] == '\x08' ? "an ONNX model (.onnx)" : "";
}

std::unique_ptr<Model> LoadModel(Backend& backend, const ModelOptions& options) {
  try {
    const GiveFreedMemoryBack large;
    return backend.Load(options.file, options.device);
  } catch (const Error& error) {
    const std::string_view kind = SeemsToBe(options.file);
    if (error.kind() != ErrorKind::kBadData || kind.empty()) throw;
    throw Error(ErrorKind::kBadData,
                fmt::format("{} seems to be {}: give it a name that ends so", options.file, kind));
  }
}

// What the model's file names is beside it, and so is one that nobody names.
std::string TokenizerFile(const ModelOptions& options, const Signature& signature) {
  if (!options.tokenizer.empty()) return options.tokenizer;
  const std::filesystem::path folder = std::filesystem::path(options.file).parent_path();
  if (!signature.tokenizer.empty()) return folder / signature.tokenizer;
  std::error_code error;
  const std::filesystem::path beside = folder / "tokenizer.json";
  if (std::filesystem::exists(beside, error)) return beside;
  throw Error(
      ErrorKind::kMissing,
      fmt::format("there is no {}, and the model's input {} needs one: give --tokenizer FILE",
                  beside.string(), FindTokens(signature.inputs)->spec));
}

void AddTokenizer(const ModelOptions& options, Signature& signature) {
  const Input* const tokens = FindTokens(signature.inputs);
  if (tokens == nullptr && !options.tokenizer.empty()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--tokenizer {}: no input is of tokens: give one with --input "
                            "'PATH:tokens[N]'",
                            options.tokenizer));
  }
  if (tokens == nullptr) return;
  const bool pairs = tokens->fields.size() > 1;
  const auto tokenizer =
      OpenTokenizer(TokenizerFile(options, signature), tokens->tokens, pairs, ModuleFolders());
  for (Input& input : signature.inputs) {
    if (input.tokens > 0) input.tokenizer = tokenizer;
  }
}

// The first line of the file.
std::string ReadSample(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  if (!stream || !std::getline(stream, line)) {
    throw Error(stream.is_open() ? ErrorKind::kBadData : ErrorKind::kMissing,
                fmt::format("sample {}: {}", file,
                            stream.is_open() ? "it is empty" : std::strerror(errno)));
  }
  return line;
}

}  // namespace

std::unique_ptr<WarmModel> LoadWarmModel(Backend& backend, const ModelOptions& options,
                                         const InferOptions& infer, const Log& log,
                                         const std::function<void(const WarmModel&)>& accept) {
  const Clock::time_point start = Clock::now();
  const auto state = StateOf(options.file);
  const std::string digest = CheckedSha256(options);
  std::unique_ptr<Model> model = LoadModel(backend, options);
  if (StateOf(options.file) != state) {
    throw Error(ErrorKind::kTryAgain, fmt::format("{} changed while it was loaded", options.file));
  }
  Signature signature = MakeSignature(
      options.inputs, options.outputs, model->signature(),
      options.labels.empty() ? std::vector<std::string>() : ReadLabels(options.labels),
      model->arguments());
  AddTokenizer(options, signature);
  const std::string id =
      fmt::format("{}@{}", std::filesystem::path(options.file).filename().string(),
                  digest.substr(0, kShownDigits));
  InferOptions warm_up = infer;
  // The model's own is of its own fields.
  if (!options.sample.empty()) {
    warm_up.sample = ReadSample(options.sample);
  } else if (options.inputs.empty()) {
    warm_up.sample = signature.sample;
  }
  auto warm = std::make_unique<WarmModel>(std::move(model), std::move(signature), warm_up, id, log);
  if (accept) accept(*warm);
  log(LogLevel::kInfo,
      fmt::format("model ready model={} file={} device={} seconds={:.2f}", id, options.file,
                  options.device, std::chrono::duration<double>(Clock::now() - start).count()));
  return warm;
}

}  // namespace rk
