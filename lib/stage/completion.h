#pragma once

#include <string>

namespace CLI {
class App;
}

namespace rk {

/// The group of options that neither --help nor completion shows.
inline constexpr const char* kHidden = "Hidden";

/// A script that completes the tool's options, as `app` has them, in a shell: bash or zsh.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace rk
