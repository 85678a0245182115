#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// The value of a variable, nullopt if there is none of that name.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// Splits a pipeline line into its commands and these into words, as a shell does: blanks, quotes,
/// backslashes, `|`, and $NAME or ${NAME} out of `variables`, not split again. What else means
/// something to a shell (`>`, `;`, `&`, `$(…)`, …) throws Error(kConfiguration) unless it is
/// quoted, as do a quote that is not closed, a variable that is not set, and a command without
/// words.
std::vector<std::vector<std::string>> SplitLine(std::string_view line, const Variables& variables);

/// Words as a shell would have to be given them to get these again.
std::string Quote(const std::vector<std::string>& words);

}  // namespace rk
