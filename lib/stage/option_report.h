#pragma once

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rk {

/// What a tool's options mean together, where one alone does not say it: by name, a value or more.
using OptionFacts = std::map<std::string, std::vector<std::string>>;

/// What `app` has parsed, for a supervisor that must not guess: one JSON object of lists of
/// strings, with a line end. `"--topic":["a"]`: an option's values after parsing, its default where
/// it was not given, by its long name if it has one. `"given":["--topic"]`: those that were given.
/// Then `facts`. Values are as the tool understands them (sizes in bytes).
std::string OptionsJson(const CLI::App& app, const OptionFacts& facts);

}  // namespace rk
